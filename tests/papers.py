"""What is written on the pages of a PDF."""

import pypdfium2 as pdfium


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page."""
    document = pdfium.PdfDocument(pdf)
    try:
        texts = []
        for page in document:
            words = page.get_textpage()
            texts.append(words.get_text_range().replace("\r\n", "\n"))
            words.close()
            page.close()
        return texts
    finally:
        document.close()
