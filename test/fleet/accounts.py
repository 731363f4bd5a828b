"""Accounts of the fleet's own in a Samba forest: `accounts.py SMB.CONF add|remove|rekey JSON`."""

import json
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

FORWARDABLE_USER = 512
EVERY_AES_KEY = 24


def main(path, action, given):
    configuration = LoadParm()
    configuration.load(path)
    db = SamDB(session_info=system_session(), lp=configuration)
    unit = "OU=fleet,%s" % db.domain_dn()
    if action == "add":
        db.transaction_start()
        db.create_ou(unit)
        for user in given["users"]:
            db.newuser(user["name"], user["password"], userou="OU=fleet")
        for service in given["services"]:
            add_service(db, service, unit)
        db.transaction_commit()
    elif action == "rekey":
        db.setpassword("(sAMAccountName=%s)" % given["name"], given["password"])
    else:
        db.delete(unit, ["tree_delete:1"])
    for service in given.get("services", [given] if action == "rekey" else []):
        print(service["name"], version_of(db, service["name"]))


def add_service(db, service, unit):
    db.newuser(service["name"], service["password"], userou="OU=fleet")
    message = ldb.Message(ldb.Dn(db, "CN=%s,%s" % (service["name"], unit)))
    attributes = {
        "servicePrincipalName": service["spn"],
        "msDS-SupportedEncryptionTypes": str(EVERY_AES_KEY),
        **({"msDS-AllowedToDelegateTo": service["delegatesTo"]} if "delegatesTo" in service else {}),
    }
    for name, value in attributes.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    db.modify(message)


def version_of(db, name):
    found = db.search(db.domain_dn(), ldb.SCOPE_SUBTREE, "(sAMAccountName=%s)" % name, ["msDS-KeyVersionNumber"])
    return found[0]["msDS-KeyVersionNumber"][0].decode()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.stdin.read() or "{}"))
