"""What only directories of Samba 4.19 and later know: claims, authentication policies and silos, managed accounts."""

import re

import ldb
from samba.dcerpc import security
from samba.domain.models import (
    AttributeSchema,
    AuthenticationPolicy,
    AuthenticationSilo,
    ClaimType,
    ClassSchema,
    GroupManagedServiceAccount,
    User,
)
from samba.ndr import ndr_pack, ndr_unpack
from samba.nt_time import nt_now

AES = 0x18
WORKSTATION = 0x1000  # of userAccountControl: a computer that is not disabled
DAY = 86400 * 10**7  # in units of 100 ns


def fill(directory, plan):
    db = directory.db
    for claim in plan["claims"]:
        attribute, of = AttributeSchema.find(db, claim["attribute"]), ClassSchema.find(db, claim["of"])
        ClaimType.new_claim_type(db, attribute, [of], claim["attribute"]).save(db)
    for policy in plan["policies"]:
        rules = {name: with_sids(directory, rule) for name, rule in policy["rules"].items()}
        AuthenticationPolicy(name=policy["name"], enforced=True, **rules).save(db)
    for name in plan["silos"]:
        AuthenticationSilo(name=name, enforced=True).save(db)
    for account in plan["accounts"]:
        assign(directory, **account)
    for account in plan["managedAccounts"]:
        add_managed(directory, account)


def assign(directory, name, policy=None, silo=None, allows=None):
    dn = directory.find(name)
    if policy:
        policy_dn = AuthenticationPolicy.find(directory.db, policy).dn
        directory.change(dn, **{"msDS-AssignedAuthNPolicy": str(policy_dn)})
    if silo:
        found = AuthenticationSilo.get(directory.db, name=silo)
        found.grant(directory.db, User.get(directory.db, account_name=name))
        directory.change(dn, **{"msDS-AssignedAuthNPolicySilo": str(found.dn)})
    if allows:
        sids = [sid_of(directory, account) for account in allows]
        sddl = "O:BAD:" + "".join("(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;%s)" % sid for sid in sids)
        descriptor = security.descriptor.from_sddl(sddl, security.dom_sid(directory.db.get_domain_sid()))
        directory.change(dn, **{"msDS-AllowedToActOnBehalfOfOtherIdentity": [ndr_pack(descriptor)]})


def add_managed(directory, account):
    """The key that all their passwords come from must have been there for a while."""
    db = directory.db
    if not db.search(db.get_config_basedn(), ldb.SCOPE_SUBTREE, "(objectClass=msKds-ProvRootKey)"):
        db.new_gkdi_root_key(use_start_time=nt_now() - 10 * DAY)
    readers = "".join("(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;%s)" % sid_of(directory, name) for name in account["readers"])
    GroupManagedServiceAccount(
        name=account["name"],
        dns_host_name=account["host"],
        group_msa_membership="O:BAD:" + readers,
    ).save(db)
    dn = directory.find(account["account"])
    directory.change(dn, servicePrincipalName=[account["spn"]], userAccountControl=WORKSTATION)
    directory.change(dn, **{"msDS-SupportedEncryptionTypes": AES})


def with_sids(directory, rule):
    if not isinstance(rule, str):
        return rule
    return re.sub("<(.*?)>", lambda match: sid_of(directory, match.group(1)), rule)


def sid_of(directory, name):
    (found,) = directory.db.search(directory.base, ldb.SCOPE_SUBTREE, "(sAMAccountName=%s)" % name, ["objectSid"])
    return str(ndr_unpack(security.dom_sid, bytes(found["objectSid"][0])))
