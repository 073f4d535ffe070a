"""Code sets of the field, by name and by number. Sources: domain.md §4.1, §8.3, §8.4."""

from portal.sheets.values.text import choice


def _table(lines: str) -> dict[str, str]:
    """Read "code name" pairs."""
    words = lines.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_NATION_NAMES = """
汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳
佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米
塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺
"""
NATIONS = dict(enumerate(_NATION_NAMES.split(), start=1))
"""GB 3304-91: number 1 to 56 to name without 族."""

EDUCATION = _table("""
10 研究生 11 博士研究生毕业 12 博士研究生结业 13 博士研究生肄业 14 硕士研究生毕业
15 硕士研究生结业 16 硕士研究生肄业 17 研究生班毕业 18 研究生班结业 19 研究生班肄业
20 大学本科 21 大学本科毕业 22 大学本科结业 23 大学本科肄业 28 大学普通班毕业
30 大学专科 31 大学专科毕业 32 大学专科结业 33 大学专科肄业
40 中等职业教育 41 中等专科毕业 42 中等专科结业 43 中等专科肄业
44 职业高中毕业 45 职业高中结业 46 职业高中肄业 47 技工学校毕业 48 技工学校结业 49 技工学校肄业
60 普通高级中学教育 61 普通高中毕业 62 普通高中结业 63 普通高中肄业
70 初级中学教育 71 初中毕业 73 初中肄业 80 小学教育 81 小学毕业 83 小学肄业 90 其他
""")
"""GB/T 4658-2006: code to name."""

# what people write: code and habit
_EDUCATION_WORDS = """
11 博士 11 博士研究生 14 硕士 14 硕士研究生 10 研究生毕业 10 在职研究生
20 大学 20 本科 20 大本 21 本科毕业 21 大学毕业 20 在职大学 30 大专 30 专科 31 大专毕业 31 专科毕业 30 高职
41 中专 41 中等专科 41 中专毕业 44 职高 44 职业高中 47 技校 47 技工学校
61 高中 61 普通高中 61 高中毕业 71 初中 81 小学 90 其它
"""
_EDUCATION_HABITS = _EDUCATION_WORDS.split()

SEX = {"1": "男", "2": "女"}
"""GB/T 2261.1, the two of the official sheet."""

STAGES = {"full": "正式党员", "probationary": "预备党员"}
"""人员类别 of the official sheet (domain.md §4.1)."""

MEMBERSHIP_STATES = {"normal": "正常", "suspended": "停止党籍"}
"""党籍状态 of the official sheet."""

sex = choice(
    {**{name: code for code, name in SEX.items()}, **{code: code for code in SEX},
     "男性": "1", "女性": "2", "m": "1", "f": "2", "male": "1", "female": "2"},
    hint=("男", "女"),
)  # fmt: skip
stage = choice(
    {**{name: code for code, name in STAGES.items()}, **{code: code for code in STAGES},
     "正式": "full", "预备": "probationary"},
    hint=("正式党员", "预备党员"),
)  # fmt: skip
membership_state = choice(
    {**{name: code for code, name in MEMBERSHIP_STATES.items()}, **{code: code for code in MEMBERSHIP_STATES},
     "停止": "suspended"},
    hint=("正常", "停止党籍"),
)  # fmt: skip
nation = choice(
    {
        name: f"{number:02d}"
        for number, base in NATIONS.items()
        for name in (base, base + "族", f"{number:02d}", str(number))
    },
    hint=("汉族", "回族", "满族"),
)
education = choice(
    {
        **{name: code for code, name in EDUCATION.items()},
        **{code: code for code in EDUCATION},
        **dict(zip(_EDUCATION_HABITS[1::2], _EDUCATION_HABITS[::2], strict=True)),
    },
    hint=("研究生", "大学本科", "大学专科", "中专", "高中", "初中", "小学"),
)


def nation_name(code: str) -> str:
    """Write a nation code as people write it: "01" is 汉族."""
    number = int(code) if code.isdecimal() else 0
    return NATIONS[number] + "族" if number in NATIONS else code
