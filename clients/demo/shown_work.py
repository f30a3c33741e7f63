"""The invented work that each application shows: documents on a desk, dossiers at a counter."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

TIMEZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True)
class Document:
    """An incoming document."""

    number: str
    subject: str
    sender: str
    received: date
    due: date
    urgency: str


@dataclass(frozen=True)
class Dossier:
    """An application of a citizen at the one-door counter; `done` of four steps."""

    number: str
    procedure: str
    applicant: str
    received: date
    due: date
    state: str
    done: int


def documents(today: date) -> list[Document]:
    """A morning's incoming documents."""

    def arrived(number: str, subject: str, sender: str, ago: int, days_left: int, urgency: str = "Thường") -> Document:
        return Document(number, subject, sender, today - timedelta(days=ago), today + timedelta(days=days_left), urgency)

    return [
        arrived(
            "2148/UBND-KGVX", "V/v triển khai xác thực điện tử cho cán bộ, công chức, viên chức", "Văn phòng UBND tỉnh", 0, 2, "Hỏa tốc"
        ),
        arrived("613/SNV-CCHC", "V/v rà soát hồ sơ điện tử trước kỳ chốt số liệu", "Sở Nội vụ", 1, 5, "Khẩn"),
        arrived("97/GM-UBND", "Giấy mời họp giao ban công tác chuyển đổi số", "Văn phòng UBND tỉnh", 1, 1),
        arrived("1305/STC-QLNS", "V/v hướng dẫn lập dự toán kinh phí duy trì hệ thống", "Sở Tài chính", 3, 9),
        arrived("42/BC-TTPVHCC", "Báo cáo kết quả tiếp nhận và trả hồ sơ trong tuần", "Trung tâm Phục vụ hành chính công", 4, 12),
    ]


def dossiers(today: date) -> list[Dossier]:
    """What waits at the counter this morning."""

    def taken(number: str, procedure: str, applicant: str, ago: int, days_left: int, state: str, done: int) -> Dossier:
        return Dossier(number, procedure, applicant, today - timedelta(days=ago), today + timedelta(days=days_left), state, done)

    return [
        taken("H19.12-1124-0031", "Đăng ký khai sinh", "Giàng Thị Súa", 0, 0, "Mới tiếp nhận", 1),
        taken("H19.12-1123-0018", "Cấp giấy xác nhận tình trạng hôn nhân", "Vàng Mí Pó", 1, 2, "Đang thẩm định", 2),
        taken("H19.12-1121-0007", "Đăng ký biến động đất đai", "Lù Văn Páo", 3, 11, "Chờ bổ sung giấy tờ", 2),
        taken("H19.12-1119-0044", "Hỗ trợ chi phí học tập", "Sùng Thị Mỷ", 5, 1, "Chờ ký duyệt", 3),
        taken("H19.12-1118-0029", "Chứng thực bản sao", "Hoàng Văn Thắng", 6, 0, "Đã có kết quả", 4),
    ]


WORK = {"documents": documents, "dossiers": dossiers}
