"""The words the invented province is made of: agencies, titles, names."""

DEPARTMENTS = {
    "VP": "Văn phòng Ủy ban nhân dân tỉnh",
    "SNV": "Sở Nội vụ",
    "STC": "Sở Tài chính",
    "SKH": "Sở Kế hoạch và Đầu tư",
    "STT": "Sở Thông tin và Truyền thông",
    "SGD": "Sở Giáo dục và Đào tạo",
    "SYT": "Sở Y tế",
    "STP": "Sở Tư pháp",
    "SCT": "Sở Công Thương",
    "SXD": "Sở Xây dựng",
    "SGT": "Sở Giao thông vận tải",
    "SNN": "Sở Nông nghiệp và Phát triển nông thôn",
    "STN": "Sở Tài nguyên và Môi trường",
    "SLD": "Sở Lao động - Thương binh và Xã hội",
    "SVH": "Sở Văn hóa, Thể thao và Du lịch",
    "SKC": "Sở Khoa học và Công nghệ",
    "NGV": "Sở Ngoại vụ",
    "TTR": "Thanh tra tỉnh",
    "BDT": "Ban Dân tộc",
    "KKT": "Ban Quản lý Khu kinh tế",
}
DIVISIONS = ("Lãnh đạo", "Văn phòng", "Phòng Tổ chức - Cán bộ", "Phòng Chuyên môn, nghiệp vụ")
PROVINCE_SERVICES = {
    "BVDK": "Bệnh viện Đa khoa tỉnh",
    "BVYH": "Bệnh viện Y dược cổ truyền",
    "CDC": "Trung tâm Kiểm soát bệnh tật",
    "HCC": "Trung tâm Phục vụ hành chính công",
    "CDNG": "Trường Cao đẳng Kỹ thuật và Công nghệ",
    "THPTC": "Trường THPT Chuyên",
    "NTT": "Trường PTDT Nội trú THPT tỉnh",
    "KL": "Chi cục Kiểm lâm",
}
DISTRICT_OFFICES = ("Văn phòng HĐND và UBND", "Phòng Nội vụ", "Phòng Tài chính - Kế hoạch", "Phòng Văn hóa và Thông tin")
DISTRICT_HEALTH = "Trung tâm Y tế"
SCHOOLS = ("Trường Mầm non", "Trường Tiểu học", "Trường PTDT Bán trú THCS")

LEADER_TITLES = ("Giám đốc", "Phó Giám đốc")
OFFICE_TITLES = ("Chuyên viên", "Chuyên viên chính", "Trưởng phòng", "Phó Trưởng phòng", "Văn thư", "Kế toán viên", "Cán sự")
HEALTH_TITLES = ("Bác sĩ", "Điều dưỡng", "Y sĩ", "Dược sĩ", "Hộ sinh")
SCHOOL_TITLES = ("Giáo viên", "Giáo viên", "Giáo viên", "Hiệu trưởng", "Phó Hiệu trưởng")
COMMUNE_TITLES = (
    "Chủ tịch UBND", "Phó Chủ tịch UBND", "Công chức Tư pháp - Hộ tịch", "Công chức Văn phòng - Thống kê", "Công chức Văn hóa - Xã hội",
    "Công chức Địa chính - Nông nghiệp", "Công chức Tài chính - Kế toán",
)  # fmt: skip
ODD_TITLES = (
    "Phó Trưởng phòng, phụ trách",
    'Tổ trưởng tổ "Một cửa"',
    "Kế toán + Thủ quỹ",
    " Chuyên viên  (biệt phái) ",
    "#Cán sự <hợp đồng>",
)

# Family names, middle names and given names of the province's peoples; men's and women's; repeated ones are frequent.
PEOPLES = (
    (60, "Nguyễn,Nguyễn,Nguyễn,Trần,Lê,Phạm,Hoàng,Hoàng,Nông,Nông,Ma,Đặng,Đỗ,Bùi,Vũ,Lương,Ngô,Dương,Hà,Phan"),
    (25, "Giàng,Vàng,Sùng,Thào,Mua,Lầu,Vừ,Ly,Thò,Hầu"),
    (15, "Triệu,Bàn,Phàn,Tẩn,Lý,Lù,Lò,Vương,Chảo,Xìn,Phù"),
)
MIDDLE_NAMES = (
    ("Văn,Văn,Đức,Quang,Xuân,Minh,Ngọc", "Thị,Thị,Thị Thu,Thị Thanh,Thị Hồng,Ngọc"),
    ("Mí,Mí,A,Seo,Chứ", "Thị,Thị,Mỷ"),
    ("Văn,Văn,Chòi,Mềnh", "Thị,Thị,Mùi"),
)
GIVEN_NAMES = (
    (
        "An,Bình,Cường,Dũng,Đạt,Đông,Đức,Hải,Hiếu,Hoàng,Hùng,Huy,Khánh,Kiên,Long,Minh,Nam,Phong,Quân,Sơn,Thắng,Tiến,Trung,Tuấn",
        "Anh,Bích,Chi,Dung,Giang,Hà,Hạnh,Hằng,Hiền,Hoa,Hoà,Hòa,Hương,Huyền,Lan,Linh,Mai,Nga,Ngọc,Nhung,Oanh,Phượng,Thảo,Thủy,Vân,Yến",
    ),
    ("Chá,Dình,Già,Lử,Nô,Páo,Pó,Say,Sính,Sình,Tủa,Vư", "Cở,Dính,Lía,Máy,Mỷ,Pà,Súa,Súng,Xúa"),
    ("Chiêu,Dần,Hín,Kinh,Phin,Sơn,Ửng,Út", "Ghển,Liều,Mấy,Mui,Ơn,Pham,Viện"),
)
