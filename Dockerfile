# Tillboard for production. The servers are containers of their own, see docker-compose.yml.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/tillboard
ENV PATH=/opt/tillboard/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The dependencies first: they change less often than the code.
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY chain chain
COPY warehouse warehouse
COPY etl etl
COPY forecasting forecasting
COPY advice advice
COPY reports reports
COPY workers workers
COPY figures figures
COPY dashboard dashboard
COPY runtime runtime
RUN pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN groupadd --system --gid 10001 tillboard \
    && useradd --system --uid 10001 --gid tillboard --home-dir /var/lib/tillboard --create-home tillboard
COPY --from=build /opt/tillboard /opt/tillboard
ENV PATH=/opt/tillboard/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TILLBOARD_ENVIRONMENT=production \
    TILLBOARD_DATA=/var/lib/tillboard \
    TILLBOARD_HOST=0.0.0.0 \
    TILLBOARD_LOG_FORMAT=json
USER tillboard
VOLUME /var/lib/tillboard
EXPOSE 8050
ENTRYPOINT ["tillboard"]
CMD ["web"]
