import pytest

from client import WEB_UI, Account, request


def test_an_address_registers_once(account):
    assert account.post("/api/auth/register", email=account.email, password="another one").status == 409


def test_a_wrong_password_is_refused(account):
    assert account.post("/api/auth/login", email=account.email, password="not the password").status == 401


@pytest.mark.parametrize("email, password", [("nobody", "long enough"), ("a@example.org", "short"), ("", "")])
def test_bad_credentials_are_not_an_account(email, password):
    assert request("POST", WEB_UI + "/api/auth/register", {"email": email, "password": password}).status == 422


def test_the_token_names_its_owner(account):
    assert account.get("/api/auth/me").json()["email"] == account.email


def test_a_token_ends_at_logout(account):
    assert account.post("/api/auth/logout").status == 204
    assert account.get("/api/auth/me").status == 401


def test_a_forged_token_is_refused(account):
    head, body, signature = account.token.split(".")
    account.token = f"{head}.{body}.{'A' * len(signature)}"
    assert account.get("/api/auth/me").status == 401


def test_a_removed_account_cannot_log_in():
    with Account() as account:
        pass
    assert request("POST", WEB_UI + "/api/auth/login", {"email": account.email, "password": account.password}).status == 401
