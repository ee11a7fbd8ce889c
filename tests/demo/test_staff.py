import stat

from demo.staff import ROLES, Staff


def test_passwords_are_drawn_once_and_only_their_owner_reads_them(tmp_path):
    file = tmp_path / "demo-logins.json"

    first = Staff(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.passwords.keys() == ROLES.keys()
    assert len(set(first.passwords.values())) == len(ROLES)
    assert Staff(file).passwords == first.passwords
