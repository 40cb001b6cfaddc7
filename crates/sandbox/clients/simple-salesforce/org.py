"""The org under test as simple-salesforce reaches it: through a proxy and an authority, both set in its session."""

import datetime

import requests
from simple_salesforce import Salesforce

from front import Front

INSTANCE = "halden.my.salesforce.com"


class Org:
    """The sandbox with its credentials, the HTTPS front, and a connection that checks share."""

    def __init__(self, credentials, folder):
        self.about = credentials["salesforce"]
        self.control_url = credentials["control"]["url"]
        self.front = Front(self.about["url"], folder)
        self.sf = self.connect(session_id=self.about["access_token"], instance_url=f"https://{INSTANCE}")

    def connect(self, **how):
        """A connection with the arguments of `Salesforce`."""
        session = requests.Session()
        session.trust_env = False
        session.proxies = {"https": self.front.url}
        session.verify = str(self.front.ca_file)
        return Salesforce(session=session, **how)

    def control(self, method, path, body=None):
        """A call of the control API."""
        answer = requests.request(method, self.control_url + path, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def now(self):
        """The org's time, which is not ours."""
        text = self.control("GET", "/control/clock")["now"]
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
