import pytest

from client import Account


@pytest.fixture
def account():
    with Account() as made:
        yield made
