"""Key pairs: imported, created, described, deleted."""

import hashlib

from cryptography.hazmat.primitives import serialization

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ECDSA_KEY, ED25519_FINGERPRINT, ED25519_KEY, ERRORS, RSA_FINGERPRINT, RSA_KEY, reference

NAME = "keys"
REGION = "us-east-2"
IMPORT, CREATE = reference("ImportKeyPair"), reference("CreateKeyPair")
DESCRIBE, DELETE = reference("DescribeKeyPairs"), reference("DeleteKeyPair")
TAGS = [{"ResourceType": "key-pair", "Tags": [{"Key": "team", "Value": "a"}]}]


def run(recorder: Recorder) -> None:
    imported(recorder)
    created(recorder)
    described(recorder)
    deleted(recorder)


def imported(recorder: Recorder) -> None:
    call = recorder.call
    rsa = call(
        "import rsa",
        "ImportKeyPair",
        Answered({"KeyName": "rsa", "KeyFingerprint": RSA_FINGERPRINT, "KeyPairId": "<key>", "Tags[0].Key": "team"}),
        IMPORT,
        KeyName="rsa",
        PublicKeyMaterial=RSA_KEY.encode(),
        TagSpecifications=TAGS,
    )
    recorder.name(rsa("KeyPairId"), "key rsa")
    call(
        "import ed25519",
        "ImportKeyPair",
        Answered({"KeyFingerprint": f"*{ED25519_FINGERPRINT}*"}),
        IMPORT,
        KeyName="ed25519",
        PublicKeyMaterial=ED25519_KEY.encode(),
    )
    call(
        "import again",
        "ImportKeyPair",
        Refused("InvalidKeyPair.Duplicate", "The keypair*already exists*"),
        ERRORS,
        KeyName="rsa",
        PublicKeyMaterial=RSA_KEY.encode(),
    )
    bad = Refused("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    call("import no key", "ImportKeyPair", bad, ERRORS, KeyName="bad", PublicKeyMaterial=b"not a key")
    call(
        "import ecdsa",
        "ImportKeyPair",
        Refused("InvalidKey.Format"),
        IMPORT,
        KeyName="ecdsa",
        PublicKeyMaterial=ECDSA_KEY.encode(),
    )
    call(
        "import without name", "ImportKeyPair", Refused("MissingParameter"), ERRORS, PublicKeyMaterial=RSA_KEY.encode()
    )
    call("import without material", "ImportKeyPair", Refused("MissingParameter"), ERRORS, KeyName="empty")
    call(
        "import as a dry run",
        "ImportKeyPair",
        Refused("DryRunOperation", status=412),
        ERRORS,
        KeyName="dry",
        PublicKeyMaterial=RSA_KEY.encode(),
        DryRun=True,
    )
    call(
        "import with a long name",
        "ImportKeyPair",
        Refused("InvalidParameterValue"),
        IMPORT,
        KeyName="k" * 256,
        PublicKeyMaterial=RSA_KEY.encode(),
    )


def created(recorder: Recorder) -> None:
    rsa = recorder.quietly("CreateKeyPair", KeyName="created-probe")
    recorder.name(
        rsa("KeyFingerprint"), "fingerprint as AWS computes it" if right_fingerprint(rsa) else "another fingerprint"
    )
    recorder.call(
        "fingerprint of a created rsa key",
        "DescribeKeyPairs",
        Answered({"KeyPairs[0].KeyFingerprint": "<fingerprint as AWS computes it>", "KeyPairs[0].KeyType": "rsa"}),
        CREATE,
        KeyNames=["created-probe"],
    )
    for name, begins, parameters in (
        ("created-rsa", "-----BEGIN RSA PRIVATE KEY-----*", {}),
        ("created-ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----*", {"KeyType": "ed25519"}),
        ("created-ppk", "PuTTY-User-Key-File-*", {"KeyFormat": "ppk"}),
    ):
        # Fingerprints of random keys differ: their form is compared through the probe above.
        answer = recorder.quietly("CreateKeyPair", KeyName=name, **parameters)
        kind = begins.strip("-*").split("-")[0] if name != "created-ppk" else "PuTTY"
        material = answer("KeyMaterial", "")
        recorder.name(answer("KeyFingerprint"), f"fingerprint of {name}")
        recorder.call(name, "DescribeKeyPairs", Answered({"KeyPairs[0].KeyName": name}), CREATE, KeyNames=[name])
        written = "as documented" if material.startswith(begins.rstrip("*")) else material.partition("\n")[0]
        recorder.observe(f"{name}, private key in the form {kind}", written, "as documented", CREATE)
    recorder.call("create again", "CreateKeyPair", Refused("InvalidKeyPair.Duplicate"), ERRORS, KeyName="created-rsa")
    recorder.call("create without name", "CreateKeyPair", Refused("MissingParameter"), ERRORS)
    recorder.call(
        "create an unknown type",
        "CreateKeyPair",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        ERRORS,
        KeyName="x",
        KeyType="dsa",
    )


def right_fingerprint(created) -> bool:
    """Whether it is the SHA-1 digest of the private key in PKCS#8, DER."""
    try:
        key = serialization.load_pem_private_key(created("KeyMaterial", "").encode(), None)
    except ValueError:
        return False
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return created("KeyFingerprint", "").replace(":", "") == hashlib.sha1(der).hexdigest()


def described(recorder: Recorder) -> None:
    call = recorder.call
    by_name = {"KeyPairs[0].KeyName": "rsa", "KeyPairs[0].KeyType": "rsa", "KeyPairs[0].PublicKey": None}
    call("by name", "DescribeKeyPairs", Answered(by_name), DESCRIBE, KeyNames=["rsa"])
    identifier = recorder.quietly("DescribeKeyPairs", KeyNames=["rsa"])("KeyPairs[0].KeyPairId", "")
    call("by id", "DescribeKeyPairs", Answered({"KeyPairs[0].KeyName": "rsa"}), DESCRIBE, KeyPairIds=[identifier])
    call(
        "with public key",
        "DescribeKeyPairs",
        Answered({"KeyPairs[0].PublicKey": lambda key: key is not None and key.split()[:2] == RSA_KEY.split()[:2]}),
        DESCRIBE,
        KeyNames=["rsa"],
        IncludePublicKey=True,
    )
    call(
        "by tag",
        "DescribeKeyPairs",
        Answered({"KeyPairs[].KeyName": ["rsa"]}),
        DESCRIBE,
        Filters=[{"Name": "tag:team", "Values": ["a"]}],
    )
    call(
        "by fingerprint",
        "DescribeKeyPairs",
        Answered({"KeyPairs[].KeyName": ["rsa"]}),
        DESCRIBE,
        Filters=[{"Name": "fingerprint", "Values": [RSA_FINGERPRINT]}],
    )
    call(
        "none by filter",
        "DescribeKeyPairs",
        Answered({"KeyPairs": []}),
        DESCRIBE,
        Filters=[{"Name": "key-name", "Values": ["nobody*"]}],
    )
    call(
        "unknown name",
        "DescribeKeyPairs",
        Refused("InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"),
        ERRORS,
        KeyNames=["nobody"],
    )
    call("unknown id", "DescribeKeyPairs", Refused("InvalidKeyPair.NotFound"), ERRORS, KeyPairIds=[UNKNOWN_ID["key"]])


def deleted(recorder: Recorder) -> None:
    call = recorder.call
    call("delete", "DeleteKeyPair", Answered({"Return": (True, None)}), DELETE, KeyName="rsa")
    call("delete what is gone", "DeleteKeyPair", Answered({"Return": (True, None)}), DELETE, KeyName="rsa")
    call("deleted", "DescribeKeyPairs", Refused("InvalidKeyPair.NotFound"), ERRORS, KeyNames=["rsa"])
    identifier = recorder.quietly("DescribeKeyPairs", KeyNames=["ed25519"])("KeyPairs[0].KeyPairId", "")
    call("delete by id", "DeleteKeyPair", Answered(), DELETE, KeyPairId=identifier)
    call("deleted by id", "DescribeKeyPairs", Refused("InvalidKeyPair.NotFound"), ERRORS, KeyNames=["ed25519"])
    call("delete nothing", "DeleteKeyPair", Refused("MissingParameter"), ERRORS)
