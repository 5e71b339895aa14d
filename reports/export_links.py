"""The signed link to an export's file: of one person and one export, for who is logged in."""

from itsdangerous import URLSafeSerializer


def signer(secret_key: str) -> URLSafeSerializer:
    """Return what signs links; the file itself says how long it is kept."""
    return URLSafeSerializer(secret_key, salt="export")


def path(secret_key: str, chain_id: int, user_id: int, export_id: int) -> str:
    """Return the path of an export's file on the board."""
    return f"/export/file/{signer(secret_key).dumps([chain_id, user_id, export_id])}"
