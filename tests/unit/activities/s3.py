"""A server that speaks S3, in this process, with one bucket: for stores that are addressed and not a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from unittest.mock import patch

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "sanzhang"


@contextlib.contextmanager
def running_s3() -> Generator[str]:
    """The address of the bucket; meanwhile the environment says what an installation's would: endpoint, region, keys."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    said = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    try:
        with patch.dict(os.environ, said):
            boto3.client("s3", endpoint_url=said["AWS_ENDPOINT_URL"], region_name="us-east-1").create_bucket(
                Bucket=BUCKET
            )
            yield f"s3://{BUCKET}"
    finally:
        server.stop()
