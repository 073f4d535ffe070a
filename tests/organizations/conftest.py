"""A small invented town to search in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from portal.app import create_app
from portal.database import db, everything, session, transaction
from portal.districts.models import District
from portal.organizations import search, service, units
from portal.organizations.models import Organization, Place, ServiceCenter, Unit
from portal.testing import World, postgresql, settings


@dataclass
class Town:
    """One district with committee, branches, units, places and a desk."""

    world: World
    district: District

    def organization(self, name: str, kind: str = "branch", **values: Any) -> Organization:
        values.setdefault("office_phone", "0000-8800000")
        with self.world.writing(self.district):
            return service.create_organization(
                district_id=self.district.id, kind=kind, name=name, actor=None, **values
            )

    def unit(self, name: str, kind: str = "nonpublic_enterprise", **values: Any) -> Unit:
        with self.world.writing(self.district):
            return units.create_unit(district_id=self.district.id, kind=kind, name=name, actor=None, **values)

    def place(self, name: str, kind: str, organization: Organization | None = None, **values: Any) -> Place:
        with self.world.writing(self.district), transaction():
            row = Place(
                district_id=self.district.id,
                kind=kind,
                name=name,
                organization_id=organization.id if organization else None,
                **values,
            )
            session.add(row)
            session.flush()
            search.index(row)
        return row

    def desk(self, name: str = "党群服务中心", **values: Any) -> ServiceCenter:
        values.setdefault("phone", "0000-8800001")
        with self.world.writing(self.district), transaction():
            row = ServiceCenter(district_id=self.district.id, name=name, **values)
            session.add(row)
        return row

    def change(self, row: Any, **values: Any) -> None:
        """Change a row past its verb, as SQL would."""
        with everything(), transaction():
            session.execute(update(row.__table__).where(row.__table__.c.id == row.id).values(**values))
            session.refresh(row)


def build(world: World, name: str = "枞阳经济开发区", code: str = "") -> Town:
    town = Town(world, world.district(code, name=name))
    town.desk(f"{name}党群服务中心", address="新城路1号", opening_hours="工作日8:30-17:30")
    return town


@pytest.fixture
def make_town(world: World):
    """Return a maker of towns."""
    return partial(build, world)


@pytest.fixture(scope="session")
def town_data(template_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Return an installation with the town in it, made once: each test copies it, as others an empty one."""
    data = tmp_path_factory.mktemp("town") / "data"
    shutil.copytree(template_data, data)
    app = create_app(settings(data))
    with app.app_context(), postgresql.looking():
        district = furnished(build(World(app))).district.id
        session.remove()
        db.engine.dispose()
    postgresql.keep(data)
    return data, district


@pytest.fixture
def data_dir(request: pytest.FixtureRequest, template_data: Path, tmp_path: Path) -> Path:
    """Return this test's own copy of the installation: with the town where it asks for that."""
    source = request.getfixturevalue("town_data")[0] if "town" in request.fixturenames else template_data
    own = tmp_path / "data"
    shutil.copytree(source, own)
    return own


@pytest.fixture
def town(world: World, town_data: tuple[Path, int]) -> Town:
    """Return 枞阳经济开发区 with an employer, a joint branch, a park, a community and a floating branch."""
    district = session.get_one(District, town_data[1])
    session.commit()
    return Town(world, district)


def furnished(made: Town) -> Town:
    committee = made.organization("开发区党工委", "work_committee")
    own = made.organization("双强科技党支部", parent=committee, office_address="双强科技办公楼101室")
    joint = made.organization("城北片区联合党支部", "joint_branch", parent=committee)
    park = made.organization("新楼工业园党支部", parent=committee)
    community = made.organization("莲花社区党支部", parent=committee)
    made.organization("人才服务中心流动党支部", "floating_branch", parent=committee)
    park_place = made.place("新楼工业园", "park", park, address="新楼镇园区大道8号")
    made.place("莲花社区", "community", community)
    made.unit(
        "枞阳县双强科技有限公司", organization=own, aliases=["六好集团", "SQ-Tech"], uscc="91340722MA2T000018"
    )
    made.unit("安徽恒远制药有限公司", organization=joint, address="金山大道66号", aliases=["枞阳制药"])
    made.unit("长行物流有限公司", organization=None, place_id=park_place.id)
    made.unit("曾氏米面店", kind="self_employed", organization=joint)
    return made
