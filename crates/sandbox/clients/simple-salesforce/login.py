"""Every way simple-salesforce knows to log in, and what it does when the session ends."""

from simple_salesforce import SalesforceAuthenticationFailed, SalesforceExpiredSession

from front import certify, pem, private_pem
from harness import check, equal, refused


def user_of(sf):
    """Whom a connection acts as."""
    return sf.oauth2("userinfo")["preferred_username"]


@check("login: SOAP with security token")
def soap(org):
    about = org.about
    sf = org.connect(
        username=about["username"], password=about["password"], security_token=about["security_token"]
    )
    equal(user_of(sf), about["username"])
    return f"{sf.sf_instance}, {sf.auth_type}"


@check("login: SOAP with organization id")
def soap_organization(org):
    about = org.about
    sf = org.connect(username=about["username"], password=about["password"], organizationId=about["org_id"])
    equal(user_of(sf), about["username"])
    return f"{sf.sf_instance}, {sf.auth_type}"


@check("login: SOAP wrong password")
def soap_wrong_password(org):
    wrong = {"username": org.about["username"], "password": "wrong", "security_token": ""}
    error = refused(SalesforceAuthenticationFailed, lambda: org.connect(**wrong))
    equal(error.code, "INVALID_LOGIN")
    return str(error)


@check("login: OAuth user name, password")
def oauth_password(org):
    about = org.about
    sf = org.connect(
        username=about["username"],
        password=about["password"] + about["security_token"],
        consumer_key=about["client_id"],
        consumer_secret=about["client_secret"],
    )
    equal(user_of(sf), about["username"])
    return f"{sf.sf_instance}, {sf.auth_type}"


@check("login: OAuth wrong password")
def oauth_wrong_password(org):
    about = org.about
    wrong = {"password": "wrong", "consumer_key": about["client_id"], "consumer_secret": about["client_secret"]}
    error = refused(
        SalesforceAuthenticationFailed, lambda: org.connect(username=about["username"], **wrong)
    )
    equal(error.code, "invalid_grant")
    return str(error)


@check("login: OAuth client credentials")
def client_credentials(org):
    about = org.about
    app = {"consumer_key": about["client_id"], "consumer_secret": about["client_secret"]}
    sf = org.connect(domain="halden.my", **app)
    equal(user_of(sf), about["username"])
    return f"{sf.sf_instance}, {sf.auth_type}"


@check("login: JWT bearer")
def jwt_bearer(org):
    key, certificate = certify("Sandbox test client")
    org.control("PATCH", "/control/app", {"certificate": pem(certificate).decode(), "admin_approved_users": True})
    about = org.about
    how = {"username": about["username"], "consumer_key": about["client_id"]}
    sf = org.connect(privatekey=private_pem(key), **how)
    equal(user_of(sf), about["username"])
    stranger, _ = certify("Somebody else")
    error = refused(SalesforceAuthenticationFailed, lambda: org.connect(privatekey=private_pem(stranger), **how))
    equal(error.code, "invalid_grant")
    return f"{sf.auth_type}; another key: {error}"


@check("login: session id")
def session_id(org):
    equal(user_of(org.sf), org.about["username"])
    return org.sf.auth_type


@check("login: session ended")
def expired(org):
    about = org.about
    sf = org.connect(
        username=about["username"],
        password=about["password"] + about["security_token"],
        consumer_key=about["client_id"],
        consumer_secret=about["client_secret"],
    )
    fixed = org.connect(session_id=sf.session_id, instance_url=f"https://{sf.sf_instance}")
    before = sf.session_id
    org.control("POST", "/control/tokens/expire")
    error = refused(SalesforceExpiredSession, fixed.limits)
    equal(error.content[0]["errorCode"], "INVALID_SESSION_ID")
    sf.limits()
    assert sf.session_id != before, "it went on with the ended session"
    org.sf = sf
    return "401, then it logs in again by itself"
