"""Fills a freshly provisioned Samba directory, offline: seed.py PLAN.json (see samba.ts for what is in the plan).

Everything goes into sam.ldb in one transaction, then the keytabs are written. Run it by the distribution's own python.
"""

import json
import socket
import sys

import ldb
import samba.dckeytab  # noqa: F401  gives Net its export_keytab
from samba.auth import system_session
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

ENCRYPTION_TYPES = "msDS-SupportedEncryptionTypes"
EVERY_KEY = 0x1C  # AES256, AES128 and RC4: what is supported while keytabs are exported decides what gets into them
DAY = 86400 * 10**7  # in units of 100 ns
KRBTGT_WITHOUT_PREAUTHENTICATION = 0x400202


def main(plan):
    configuration = LoadParm()
    configuration.load(plan["smbConf"])
    directory = Directory(configuration, plan["samLdb"])
    directory.db.transaction_start()
    try:
        fill(directory, plan)
    except BaseException:
        directory.db.transaction_cancel()
        raise
    directory.db.transaction_commit()
    export_keytabs(directory, configuration, plan)


def fill(directory, plan):
    directory.change_address(*plan["address"])
    directory.relax_password_policy()
    for name in plan["groups"]:
        directory.db.newgroup(name)
    for user in plan["users"] + plan["services"]:
        directory.add_user(user)
    for group, members in plan["members"].items():
        directory.db.add_remove_group_members(group, members, add_members_operation=True)
    for computer in plan["computers"]:
        directory.add_computer(computer)
    for group, members in plan["computerMembers"].items():
        directory.db.add_remove_group_members(group, members, member_types=["computer"], add_members_operation=True)
    if "newer" in plan:
        import samba_newer  # what it imports is not there before 4.19

        samba_newer.fill(directory, plan["newer"])
    if plan["upnSuffixes"]:
        directory.change("CN=Partitions,CN=Configuration," + directory.base, uPNSuffixes=plan["upnSuffixes"])
    # Both this and the KDC's own configuration must say so before an account can skip pre-authentication.
    directory.change(directory.find("krbtgt"), userAccountControl=KRBTGT_WITHOUT_PREAUTHENTICATION)
    # Samba's own task for this is switched off.
    dc = directory.find(plan["controller"] + "$")
    directory.change(dc, ldb.FLAG_MOD_ADD, servicePrincipalName=plan["controllerServices"])


def export_keytabs(directory, configuration, plan):
    net = Net(None, configuration)
    for service in plan["services"]:
        for principal in (service["name"], service["spn"]):  # the account first: an SPN cannot sign in
            net.export_keytab(keytab=service["keytab"], principal=principal)
        directory.change(directory.find(service["name"]), **{ENCRYPTION_TYPES: service["finalEncryptionTypes"]})
    for computer in plan["computers"] + plan.get("newer", {}).get("managedAccounts", []):
        for principal in (computer["account"], computer["spn"]):
            net.export_keytab(keytab=computer["keytab"], principal=principal)
    net.export_keytab(keytab=plan["everyKey"])


class Directory:
    def __init__(self, configuration, path):
        self.db = SamDB(url=path, session_info=system_session(), lp=configuration)
        self.base = str(self.db.domain_dn())

    def find(self, account):
        return self.db.search(self.base, ldb.SCOPE_SUBTREE, "(sAMAccountName=%s)" % account)[0].dn

    def change(self, dn, how=ldb.FLAG_MOD_REPLACE, **attributes):
        message = ldb.Message(dn if isinstance(dn, ldb.Dn) else ldb.Dn(self.db, dn))
        for name, value in attributes.items():
            message[name] = ldb.MessageElement(stored(value), how, name)
        self.db.modify(message)

    def add_user(self, user):
        name, password = user["name"], user["password"]
        self.db.newuser(name, password)
        dn = self.find(name)
        self.change(dn, userPrincipalName=user["upn"], **{ENCRYPTION_TYPES: EVERY_KEY, **user["attributes"]})
        # The UPN is part of the salt, so the password is set again after it.
        self.db.setpassword("(sAMAccountName=%s)" % name, password, force_change_at_next_login=user["mustChangePassword"])
        # Last, because setting a password enables a disabled account.
        self.change(dn, userAccountControl=user["flags"])

    def add_computer(self, computer):
        self.db.newcomputer(computer["name"], service_principal_name_list=[computer["hostSpn"], computer["spn"]])
        dn = self.find(computer["account"])
        self.change(dn, dNSHostName=computer["host"], **{ENCRYPTION_TYPES: EVERY_KEY, **computer["attributes"]})
        self.db.setpassword("(sAMAccountName=%s)" % computer["account"], computer["password"])

    def change_address(self, old, new):
        """In the records of DNS, whose data is the last part of them."""
        old, new = socket.inet_aton(old), socket.inet_aton(new)
        for zones in ("DomainDnsZones", "ForestDnsZones"):
            for node in self.db.search("DC=%s,%s" % (zones, self.base), ldb.SCOPE_SUBTREE, "(objectClass=dnsNode)"):
                records = [bytes(record) for record in node.get("dnsRecord", [])]
                changed = [record[:-4] + new if is_address(record, old) else record for record in records]
                if changed != records:
                    self.change(node.dn, dnsRecord=changed)

    def relax_password_policy(self):
        self.change(
            self.base,
            minPwdAge=0,
            maxPwdAge=0,
            pwdProperties=0,
            minPwdLength=4,
            lockoutThreshold=10,
            lockoutDuration=-30 * DAY,
            lockOutObservationWindow=-30 * DAY,
        )


def is_address(record, address):
    """MS-DNSP section 2.3.2.2: the length of the data and the type come first."""
    return record[:4] == b"\x04\x00\x01\x00" and record[-4:] == address


def stored(value):
    if isinstance(value, list):
        return value
    text = str(value)
    return bytes.fromhex(text[4:]) if text.startswith("hex:") else text


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        main(json.load(file))
