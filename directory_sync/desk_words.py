"""Cases, choices and hints of the desk in words."""

from flask_babel import lazy_gettext as _l

from directory_sync.desk_models import CaseKind, CaseState, Choice

KINDS = {
    CaseKind.NO_NUMBER: _l("Bản ghi mới không có mã CBCCVC, giống một người đã không còn trong danh bạ"),
    CaseKind.NUMBER_NOT_UNIQUE: _l("Bản ghi mới có mã CBCCVC của người đã không còn trong danh bạ, nhưng mã này không của riêng ai"),
    CaseKind.REHIRE: _l("Bản ghi mới có mã CBCCVC của người đã rời danh bạ từ lâu, hoặc đang giữ vai trò"),
    CaseKind.NUMBER_IN_USE: _l("Bản ghi mới có mã CBCCVC của người đang có trong danh bạ"),
    CaseKind.SHARED_NUMBER: _l("Nhiều người có chung mã CBCCVC"),
    CaseKind.SHARED_USERNAME: _l("Nhiều người có chung tên đăng nhập"),
    CaseKind.SHARED_MAIL: _l("Nhiều người có chung thư điện tử"),
    CaseKind.SAME_MARK: _l("Nhiều người có chung số định danh cá nhân"),
    CaseKind.SUSPENDED_HERE: _l("Người bị vô hiệu hóa tại đây, nhưng danh bạ ghi đang công tác"),
}
WHAT_IT_MEANS = {
    CaseKind.NO_NUMBER: _l("Bản ghi mới chưa được thêm. Người cũ đang bị vô hiệu hóa, phương tiện xác thực và lịch sử được giữ."),
    CaseKind.NUMBER_NOT_UNIQUE: _l("Bản ghi mới chưa được thêm. Người cũ đang bị vô hiệu hóa, phương tiện xác thực và lịch sử được giữ."),
    CaseKind.REHIRE: _l("Bản ghi mới chưa được thêm. Mã CBCCVC có thể đã cấp cho người khác, nên cần xác nhận đúng người cũ trở lại."),
    CaseKind.NUMBER_IN_USE: _l("Bản ghi mới chưa được thêm. Có thể một người giữ hai vị trí, hoặc mã CBCCVC ghi sai."),
    CaseKind.SHARED_NUMBER: _l(
        "Cả hai vẫn đăng nhập bình thường, nhưng sẽ không được nhận lại tự động khi bản ghi được lập lại. Sửa ở dữ liệu gốc."
    ),
    CaseKind.SHARED_USERNAME: _l("Không ai trong số này đăng nhập được bằng tên đó. Sửa ở dữ liệu gốc."),
    CaseKind.SHARED_MAIL: _l("Không ai trong số này đăng nhập được bằng địa chỉ đó; tên đăng nhập vẫn dùng được."),
    CaseKind.SAME_MARK: _l("Có thể một người có hai bản ghi. Sửa ở dữ liệu gốc, hoặc xác nhận là hai người khác nhau."),
    CaseKind.SUSPENDED_HERE: _l("Người này vẫn bị vô hiệu hóa cho đến khi có quyết định."),
}
CHOICES = {
    Choice.SAME: _l("Cùng một người: nhận lại định danh, phương tiện xác thực và lịch sử"),
    Choice.SAME_ANEW: _l("Cùng một người, nhưng hủy phương tiện xác thực cũ để đăng ký lại"),
    Choice.NEW: _l("Người khác: thêm mới"),
    Choice.SECOND_POST: _l("Cùng một người, vị trí thứ hai (kiêm nhiệm)"),
    Choice.KEEP_OUT: _l("Bản ghi sai: không thêm"),
    Choice.FINE: _l("Đã xem, giữ nguyên"),
    Choice.RESTORE: _l("Mở lại tài khoản"),
}
HINTS = {
    "staff_code": _l("mã CBCCVC"),
    "mark": _l("số định danh cá nhân"),
    "username": _l("tên đăng nhập"),
    "mail": _l("thư điện tử"),
    "name": _l("họ và tên"),
}
STATES = {CaseState.OPEN: _l("Đang chờ"), CaseState.DECIDED: _l("Đã quyết định"), CaseState.SETTLED: _l("Tự hết")}
