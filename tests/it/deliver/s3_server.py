"""An S3 server for the tests: moto, with keys that it holds to.

Prints one line of JSON when it is ready (port and keys), then answers one line for each line of JSON
that it is told, until its standard input closes. It is asked beside the network, so that what a push
did is judged by somebody else.

Users: `partner` may do everything, `reader` may only list and read.
"""

import base64
import hashlib
import json
import logging
import sys

logging.disable(logging.CRITICAL)

import boto3
from moto import settings
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

BUCKET = "releases"


def keys_of(iam, user, actions):
    iam.create_user(UserName=user)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return [key["AccessKeyId"], key["SecretAccessKey"]]


def told(backend, command):
    bucket = backend.buckets[BUCKET]
    what, key = command["do"], command.get("key", "")
    if what == "list":
        return [
            {
                "key": name,
                "size": len(thing.value),
                "sha256": hashlib.sha256(thing.value).hexdigest(),
                "metadata": {k: v for k, v in thing.metadata.items()},
            }
            for name, thing in sorted(bucket.keys.items())
        ]
    if what == "uploads":
        return len(bucket.multiparts)
    if what == "read":
        return base64.b64encode(bucket.keys[key].value).decode()
    if what == "put":
        backend.put_object(BUCKET, key, base64.b64decode(command["content"]))
    elif what == "remove":
        backend.delete_object(BUCKET, key)
    return None


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    where = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "none",
        "aws_secret_access_key": "none",
    }
    boto3.client("s3", **where).create_bucket(Bucket=BUCKET)
    iam = boto3.client("iam", **where)
    ready = {
        "port": port,
        "partner": keys_of(iam, "partner", ["s3:*"]),
        "reader": keys_of(iam, "reader", ["s3:List*", "s3:Get*"]),
    }
    # From here on keys and signatures are looked at.
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    print(json.dumps(ready), flush=True)
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for line in sys.stdin:
        print(json.dumps(told(backend, json.loads(line))), flush=True)
    server.stop()


main()
