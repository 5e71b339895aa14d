"""Where the demo chain stands: six cities, forty-eight places in them.

Coordinates are WGS-84, read off for well-known squares, streets and stations to about 200 metres.
The chain and its people are invented.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A city with its region, its codes' prefix, and how much it likes tea against Shanghai."""

    name: str
    name_en: str
    prefix: str
    region: str
    region_en: str
    level: float
    rent_per_sqm: int
    """Monthly rent in yuan for a square metre."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One place for a store. ``kind`` is mall, street, office or campus."""

    city: str
    name: str
    name_en: str
    lat: float
    lon: float
    kind: str


CITIES = (
    City("上海", "Shanghai", "SH", "华东", "East China", 1.00, 820),
    City("杭州", "Hangzhou", "HZ", "华东", "East China", 0.92, 560),
    City("苏州", "Suzhou", "SZ", "华东", "East China", 0.84, 430),
    City("南京", "Nanjing", "NJ", "华东", "East China", 0.86, 450),
    City("成都", "Chengdu", "CD", "西南", "Southwest China", 0.95, 420),
    City("武汉", "Wuhan", "WH", "华中", "Central China", 0.83, 380),
)

_SPOTS = """
上海 人民广场店 People's Square 31.2307 121.4709 mall
上海 南京东路店 East Nanjing Road 31.2357 121.4793 street
上海 静安寺店 Jing'an Temple 31.2236 121.4454 mall
上海 徐家汇店 Xujiahui 31.1946 121.4365 mall
上海 陆家嘴店 Lujiazui 31.2387 121.4998 office
上海 五角场店 Wujiaochang 31.3013 121.5140 campus
上海 中山公园店 Zhongshan Park 31.2200 121.4168 mall
上海 复兴中路店 Middle Fuxing Road 31.2187 121.4672 street
上海 莘庄店 Xinzhuang 31.1110 121.3856 mall
上海 七宝古镇店 Qibao Old Town 31.1553 121.3517 street
上海 大宁路店 Daning Road 31.2747 121.4512 mall
上海 世纪大道店 Century Avenue 31.2284 121.5272 office
上海 张江店 Zhangjiang 31.2018 121.5877 office
上海 虹桥天街店 Hongqiao Tianjie 31.1943 121.3195 mall
杭州 武林广场店 Wulin Square 30.2702 120.1637 mall
杭州 湖滨步行街店 Hubin Walk 30.2553 120.1618 street
杭州 西溪湿地店 Xixi Wetland 30.2697 120.0660 mall
杭州 滨江天街店 Binjiang Tianjie 30.2080 120.2100 mall
杭州 钱江新城店 Qianjiang New City 30.2460 120.2120 office
杭州 文一西路店 West Wenyi Road 30.2880 120.0990 office
杭州 下沙大学城店 Xiasha Campus 30.3130 120.3560 campus
杭州 萧山人民广场店 Xiaoshan Square 30.1640 120.2650 mall
苏州 观前街店 Guanqian Street 31.3105 120.6230 street
苏州 金鸡湖店 Jinji Lake 31.3170 120.7080 mall
苏州 石路店 Shilu 31.3160 120.6020 street
苏州 狮山店 Shishan 31.2960 120.5650 mall
苏州 湖西写字楼店 Huxi Offices 31.3190 120.6750 office
苏州 独墅湖高教店 Dushu Lake Campus 31.2760 120.7350 campus
苏州 木渎影视城店 Mudu 31.2590 120.5130 mall
南京 新街口店 Xinjiekou 32.0430 118.7790 mall
南京 夫子庙店 Confucius Temple 32.0220 118.7840 street
南京 河西奥体店 Hexi Olympic Centre 32.0030 118.7210 mall
南京 仙林大学城店 Xianlin Campus 32.1020 118.9120 campus
南京 百家湖店 Baijia Lake 31.9370 118.8170 mall
南京 湖南路店 Hunan Road 32.0720 118.7700 street
南京 桥北店 Qiaobei 32.1330 118.7170 mall
成都 春熙路店 Chunxi Road 30.6570 104.0780 street
成都 宽窄巷子店 Kuanzhai Alley 30.6660 104.0530 street
成都 天府三街店 Tianfu Third Street 30.5480 104.0610 office
成都 建设路店 Jianshe Road 30.6720 104.1050 campus
成都 双楠店 Shuangnan 30.6410 104.0320 mall
成都 武侯祠店 Wuhou Shrine 30.6460 104.0450 street
成都 龙泉驿店 Longquanyi 30.5560 104.2690 mall
武汉 江汉路店 Jianghan Road 30.5810 114.2860 street
武汉 光谷广场店 Optics Valley Square 30.5060 114.3960 campus
武汉 楚河汉街店 Chuhe Hanjie 30.5560 114.3440 street
武汉 街道口店 Jiedaokou 30.5260 114.3520 campus
武汉 武胜路店 Wusheng Road 30.5700 114.2680 mall
"""


def _read(line: str) -> Spot:
    city, name, *english, lat, lon, kind = line.split()
    return Spot(city, name, " ".join(english), float(lat), float(lon), kind)


SPOTS = tuple(_read(line) for line in _SPOTS.strip().splitlines())


def spots(count: int) -> list[Spot]:
    """Return ``count`` spots, taken from the cities in turn so that few stores span all of them.

    Beyond the forty-eight, a spot comes again as a second shop some hundred metres on.
    """
    by_city = [[s for s in SPOTS if s.city == c.name] for c in CITIES]
    turns = max(len(group) for group in by_city)
    ordered = [group[i] for i in range(turns) for group in by_city if i < len(group)]
    return [_again(ordered[i % len(ordered)], i // len(ordered)) for i in range(count)]


def _again(spot: Spot, times: int) -> Spot:
    if not times:
        return spot
    return Spot(
        spot.city,
        f"{spot.name.removesuffix('店')}{times + 1}店",
        f"{spot.name_en} {times + 1}",
        round(spot.lat + 0.003 * times, 4),
        round(spot.lon + 0.002 * times, 4),
        spot.kind,
    )
