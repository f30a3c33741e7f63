"""The demo's catalogue of systems: its two applications, and typical systems of a province that are not connected yet."""

from datetime import date

from sqlalchemy import Connection

from clients import catalogue
from clients.catalogue import System
from clients.catalogue_models import OwnPasswords, Protocol
from deploy.demo.applications import applications
from deploy.demo.plan import Plan

ACTOR = "system:demo"
_YES, _OWN = OwnPasswords.YES.value, Protocol.OWN.value
NOT_CONNECTED = (
    System("thu-cong-vu", "Thư điện tử công vụ", protocol=Protocol.LDAP.value, own_passwords_left=OwnPasswords.NO.value),
    System("bao-cao", "Hệ thống thông tin báo cáo", protocol=_OWN, own_passwords_left=_YES, planned_on=date(2027, 3, 31)),
    System("hop-khong-giay", "Họp không giấy", protocol=_OWN, own_passwords_left=_YES, planned_on=date(2027, 6, 30)),
    System("ccvc", "Quản lý cán bộ, công chức, viên chức", protocol=_OWN, own_passwords_left=_YES),
    System("ke-toan", "Kế toán hành chính sự nghiệp", level="commune", protocol=_OWN, own_passwords_left=_YES),
    System("nha-truong", "Quản lý nhà trường", level="commune", protocol=_OWN, own_passwords_left=_YES),
    System("dich-vu-cong", "Cổng dịch vụ công quốc gia", level="central", in_scope=False),
)


def prepare(connection: Connection, plan: Plan) -> None:
    """Write down what is missing; whatever somebody changed stays as it is."""
    connected = [
        System(party.client_id, party.look.name, protocol=Protocol.OIDC.value, own_passwords_left=OwnPasswords.NO.value, client_id=party.client_id)
        for party in applications(plan)
    ]  # fmt: skip
    for system in (*connected, *NOT_CONNECTED):
        if catalogue.find_system(connection, system.code) is None:
            catalogue.add_system(connection, system, actor=ACTOR)
            if system.client_id is not None:
                catalogue.state_integrated(connection, system.code, actor=ACTOR, reason="Ứng dụng mẫu của bản dùng thử")
