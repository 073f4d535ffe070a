"""How Chinese is read aloud: syllables, the characters that are read in two ways, cutting typed pinyin."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice, product
from typing import Any

#: Every Mandarin syllable, ü written v.
_ALL = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce
cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun
chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu
dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei
gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua
huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang
kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia
lian liang liao lie lin ling liu lo long lou lu luan lue lun luo lv lve ma mai man mang mao me mei men
meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie
nin ning niu nong nou nu nuan nue nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin
ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri
rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng
shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te
teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian
xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue
yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu
zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
SYLLABLES = frozenset(_ALL.split())
_BEGINNINGS = frozenset(syllable[:length] for syllable in SYLLABLES for length in range(1, len(syllable)))

#: Sounds without a vowel, and what people type for them: "n" would cut every "lin" in two.
_HUMMED = {"n": "en", "m": "mu", "hm": "hen"}

#: Characters people read in two ways, most of them as surnames or in place names: both must be found.
POLYPHONES: dict[str, tuple[str, ...]] = {
    "单": ("dan", "shan"), "仇": ("chou", "qiu"), "曾": ("ceng", "zeng"), "解": ("jie", "xie"),
    "区": ("qu", "ou"), "查": ("cha", "zha"), "盖": ("gai", "ge"), "朴": ("pu", "piao"),
    "翟": ("zhai", "di"), "员": ("yuan", "yun"), "乐": ("le", "yue"), "种": ("zhong", "chong"),
    "折": ("zhe", "she"), "覃": ("qin", "tan"), "冼": ("xian",), "任": ("ren",), "缪": ("miao", "mou"),
    "长": ("chang", "zhang"), "行": ("xing", "hang"), "重": ("chong", "zhong"), "朝": ("chao", "zhao"),
    "六": ("liu", "lu"), "枞": ("zong", "cong"), "厦": ("xia", "sha"), "都": ("du", "dou"),
    "会": ("hui", "kuai"), "调": ("tiao", "diao"), "传": ("chuan", "zhuan"), "车": ("che", "ju"),
    "盛": ("sheng", "cheng"), "石": ("shi", "dan"), "藏": ("cang", "zang"), "大": ("da", "dai"),
    "尉": ("wei", "yu"), "万": ("wan", "mo"), "俟": ("si", "qi"), "洞": ("dong", "tong"),
    "番": ("fan", "pan"), "蔚": ("wei", "yu"), "歙": ("she", "xi"), "莘": ("shen", "xin"),
    "堡": ("bao", "pu", "bu"), "铅": ("qian", "yan"), "台": ("tai",), "浒": ("hu", "xu"),
    "济": ("ji",), "佛": ("fo", "fu"), "参": ("can", "shen"), "率": ("lv", "shuai"),
    "宁": ("ning",), "华": ("hua",), "卜": ("bu",), "角": ("jiao", "lu"), "的": ("de", "di"),
}  # fmt: skip

#: How many ways of reading one name are kept; the usual one comes first.
READINGS = 4


def readings(text: str) -> list[tuple[str, ...]]:
    """Return up to ``READINGS`` ways of reading a run of Chinese characters, one syllable a character.

    A character nobody can read (a rare one) stands for itself.
    """
    usual = _usual(text)
    ways = [_ways(character, syllable) for character, syllable in zip(text, usual, strict=True)]
    return list(islice(product(*ways), READINGS))


# pypinyin takes a list as well; its own annotation says text only.
_apart: Any = list


def _usual(text: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin  # late, as in names.py

    # Phrases decide (银行 is hang, 行知 is xing), so the run is read as a whole.
    found = lazy_pinyin(text, style=Style.NORMAL, errors=_apart)
    if len(found) != len(text):
        found = [lazy_pinyin(character, errors=_apart)[0] for character in text]
    return [_HUMMED.get(syllable.lower(), syllable.lower()) for syllable in found]


def _ways(character: str, usual: str) -> tuple[str, ...]:
    # ü is typed v by some and u by others.
    own = (usual, usual.replace("v", "u")) if "v" in usual else (usual,)
    return tuple(dict.fromkeys((*own, *POLYPHONES.get(character, ()))))


@lru_cache(maxsize=2048)
def cut(typed: str) -> tuple[tuple[str, ...], ...]:
    """Return up to four ways to cut typed pinyin into syllables, fewest first; the last may be unfinished.

    ``xian`` is ``xian`` or ``xi an``; text that is no pinyin gives nothing.
    """
    # best[i]: ways to cut typed[:i] into whole syllables
    best: list[list[tuple[str, ...]]] = [[()], *([] for _ in typed)]
    for end in range(1, len(typed) + 1):
        for start in range(max(0, end - 6), end):
            if typed[start:end] in SYLLABLES:
                best[end] += [(*way, typed[start:end]) for way in best[start]]
        best[end] = sorted(best[end], key=len)[:4]
    found = list(best[-1])
    for start in range(max(0, len(typed) - 5), len(typed)):
        if typed[start:] in _BEGINNINGS and typed[start:] not in SYLLABLES:
            found += [(*way, typed[start:]) for way in best[start] if way]
    return tuple(sorted(found, key=len)[:4])
