"""Rule of changed mail addresses: the old one is told, since whoever took the account over by a new one reads only that."""

from idp import outbox
from idp.people import letters
from tests.directory_sync.conftest import Install
from tests.support.mail_server import mail_server
from tests.support.staff_directory import DEPARTMENT, StaffDirectory, sync


def test_the_old_address_is_told_that_the_account_has_another_one(install: Install, directory: StaffDirectory) -> None:
    with mail_server() as server:
        install(smtp_url=server.url, mail_from="dinhdanh@hagiang.gov.vn")
        sync()
        directory.change(f"uid=an.nv,{DEPARTMENT}", mail="khac@hagiang.gov.vn")
        directory.change(f"uid=mai.vt,{DEPARTMENT}", title="Trưởng phòng")
        sync()
        sync()
        outbox.deliver_due(letters.DELIVERERS)
        [mail] = server.taken
        assert (mail["To"].addresses[0].addr_spec, mail["Subject"]) == (
            "an.nv@hagiang.gov.vn", "Địa chỉ thư của tài khoản đã đổi / Mail address changed",
        )  # fmt: skip
        assert "khac@" not in mail.get_content()
