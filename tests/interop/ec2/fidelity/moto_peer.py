"""moto's own server in a process of its own, in its best configuration.

It validates images, types and keys, and it judges credentials and permissions: a user is made who may do everything.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys

import boto3

from .endpoint import Endpoint

SWITCHES = {
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "true",
    # So many calls, those that make the user, are not judged.
    "INITIAL_NO_AUTH_ACTION_COUNT": "3",
}
EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


@contextlib.contextmanager
def moto():
    """Starts the server; it ends with the block."""
    command = [sys.executable, "-m", __name__]
    process = subprocess.Popen(
        command,
        env={**os.environ, **SWITCHES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A stack trace for every call that it answers with 500.
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Endpoint("moto", **json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait()


def serve() -> None:
    """Serves until standard input ends; prints where and for whom."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    iam = boto3.client(
        "iam", region_name="us-east-1", endpoint_url=url, aws_access_key_id="nobody", aws_secret_access_key="yet"
    )
    iam.create_user(UserName="administrator")
    iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    print(json.dumps({"url": url, "access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    serve()
