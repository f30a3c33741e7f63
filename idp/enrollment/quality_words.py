"""Flaws of the data in words, with what to do about each: the lines of Biểu 04, in their order."""

from flask_babel import lazy_gettext as _l

QUALITY = {
    "no_unit": (_l("Chưa rõ đơn vị"), _l("Bổ sung đơn vị của vị trí chính trong dữ liệu nhân sự.")),
    "wrong_unit": (
        _l("Ở đơn vị đã kết thúc hoặc chưa rõ cấp"),
        _l("Chuyển người sang đơn vị thay thế, hoặc ghi cấp của đơn vị trong danh bạ."),
    ),
    "no_category": (_l("Chưa rõ loại cán bộ"), _l("Bổ sung loại: cán bộ, công chức, viên chức hay hợp đồng.")),
    "no_staff_code": (_l("Chưa có mã CBCCVC"), _l("Bổ sung mã trong dữ liệu nhân sự.")),
    "no_sign_in_name": (_l("Chưa có tên đăng nhập"), _l("Cấp tài khoản trong danh bạ.")),
    "no_mail": (_l("Chưa có thư điện tử công vụ"), _l("Bổ sung để nhận được thư nhắc.")),
    "locked_in_directory": (
        _l("Bị khóa trong danh bạ mà vẫn trong biên chế"),
        _l("Kiểm tra: mở khóa, hoặc cho thôi việc trong dữ liệu nhân sự."),
    ),
    "suspended": (_l("Bị vô hiệu hóa mà vẫn trong biên chế"), _l("Kiểm tra lý do vô hiệu hóa.")),
    "shared_staff_code": (_l("Mã CBCCVC bị trùng"), _l("Xử lý ở trang Cần xem xét.")),
    "shared_at_desk": (_l("Trùng mã, tên đăng nhập, thư hoặc số định danh, đang chờ xem xét"), _l("Xử lý ở trang Cần xem xét.")),
    "entries_waiting": (_l("Bản ghi mới chưa rõ là ai, chưa được thêm"), _l("Xử lý ở trang Cần xem xét.")),
    "not_in_hr": (
        _l("Có trong danh bạ, không có trong dữ liệu nhân sự"),
        _l("Đối chiếu với phòng nội vụ: bổ sung hồ sơ, hoặc đóng tài khoản."),
    ),
    "not_in_directory": (_l("Có trong dữ liệu nhân sự, không có trong danh bạ"), _l("Tạo tài khoản trong danh bạ.")),
    "suspended_here": (_l("Bị vô hiệu hóa tại đây, danh bạ ghi đang công tác"), _l("Xử lý ở trang Cần xem xét.")),
    "cases_overdue": (_l("Trường hợp cần xem xét quá 7 ngày"), _l("Giao người xử lý ở trang Cần xem xét.")),
    "changes_overdue": (_l("Thay đổi đã đến ngày mà chưa thực hiện"), _l("Kiểm tra tiến trình nền (worker) và trang Cán bộ.")),
    "differences": (_l("Lần đếm lại không khớp, đã ghi nhận"), _l("Báo quản trị hệ thống.")),
}
