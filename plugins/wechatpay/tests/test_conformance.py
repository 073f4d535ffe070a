"""WeChat Pay keeps every promise of the provider contract, against the simulator."""

import pytest

from paysim import ctl
from portal.api import Flow
from portal.testing import ProviderConformance

from .world import World


class Till(World):
    def request(self, flow):
        return super().request(flow=flow)

    def pay(self, out_trade_no):
        self.quiet()
        ctl.pay(self.sim, out_trade_no)

    def foreign_callback(self):
        other = self.build(slug="other", made={"payee_name": "另一收款单位"})
        req = self.request(Flow.QR)
        other.create(req)
        self.pay(req.out_trade_no)
        return self.callback(req.out_trade_no)

    def cut_off(self):
        return self.build(hosts=("http://127.0.0.1:9",))


class TestWechatPay(ProviderConformance):
    flows = frozenset({Flow.JSAPI, Flow.H5, Flow.QR})

    @pytest.fixture
    def till(self, paysim):
        return Till(paysim)
