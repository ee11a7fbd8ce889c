import pytest


@pytest.fixture(autouse=True)
def quick_hasher(settings, request):
    """Passwords are hashed a hundred times here; how strongly is Django's business."""
    if not request.node.get_closest_marker("browser"):  # A real server knows the real hashers only.
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
