package tunnel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func tlv(typ int, v ...any) []byte {
	b := bytesOf(v...)
	return bytesOf(typ, uint16(len(b)), b)
}

var (
	qos       = tlv(ieQoSProfile, 2, 0x1b, 0x42)
	ext       = tlv(iePrivateExtension, uint16(10923), 2, 1, 3)
	gsn       = tlv(ieGSNAddr, "192.169.100.1")
	createReq = gtp(0x32, gtpCreateRequest, bytesOf(uint16(4875), 0, 0), bytesOf(
		ieIMSI, 0x64, 0x00, 0x40, 0x01, 0x00, 0x00, 0x01, 0xf1,
		ieRAI, 0x64, 0xf0, 0x60, uint16(65534), 255,
		ieRecovery, 176, ieSelectionMode, 0xfd, ieTEIDData1, uint32(1), ieTEIDControl, uint32(2),
		ieNSAPI, 0xf5, ieNSAPI, 6, ieChargingChar, uint16(3), ieTraceReference, uint16(4), ieTraceType, uint16(5),
		tlv(ieEndUserAddr, 0xf1, 0x21), tlv(ieAccessPointName, 6, []byte("eetest")), tlv(ieProtoConfigOptions, 0x80),
		gsn, tlv(ieGSNAddr, "2001:db8::1"), tlv(ieMSISDN, 0x91), qos, tlv(ieTrafficFlowTemplate, 1),
		tlv(ieTriggerID, 2), tlv(ieOMCID, 3), ext))
	createResp = gtp(0x32, gtpCreateResponse, bytesOf(uint16(4875), 0, 0), bytesOf(
		ieCause, 128, ieReorderReq, 0xfe, ieRecovery, 24, ieTEIDData1, uint32(1), ieTEIDControl, uint32(2),
		ieChargingID, uint32(3), tlv(ieEndUserAddr, 0xf1, 0x21, "192.168.252.130"), tlv(ieProtoConfigOptions, 0x80),
		gsn, tlv(ieGSNAddr, 1, 2, 3), qos, tlv(ieChargingGatewayAddr, "10.0.0.9"), ext))
)

// TestElements compares the events with their messages.
func TestElements(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"create request", createReq, `gtpv1_create_pdp_ctx_request "elements":{"imsi":460004100000101,` +
			`"rai":{"mcc":460,"mnc":6,"lac":65534,"rac":255},"recovery":176,"select_mode":1,"data1":1,"cp":2,` +
			`"nsapi":5,"linked_nsapi":6,"charge_character":3,"trace_ref":4,"trace_type":5,` +
			`"end_user_addr":{"pdp_type_org":1,"pdp_type_num":33},"ap_name":"\\x06eetest","opts":"\\x80",` +
			`"signal_addr":{"ip":"192.169.100.1"},"user_addr":{"ip":"2001:db8::1"},"msisdn":"\\x91",` +
			`"qos_prof":{"priority":2,"data":"\\x1bB"},"tft":"\\x01","trigger_id":"\\x02","omc_id":"\\x03",` +
			`"ext":{"id":10923,"value":"\\x02\\x01\\x03"}}`},
		{"create response", createResp, `gtpv1_create_pdp_ctx_response "elements":{"cause":128,"reorder_req":false,` +
			`"recovery":24,"data1":1,"cp":2,"charging_id":3,` +
			`"end_user_addr":{"pdp_type_org":1,"pdp_type_num":33,"pdp_ip":"192.168.252.130"},"opts":"\\x80",` +
			`"cp_addr":{"ip":"192.169.100.1"},"user_addr":{"other":"\\x01\\x02\\x03"},` +
			`"qos_prof":{"priority":2,"data":"\\x1bB"},"charge_gateway":"10.0.0.9","ext":{"id":10923,"value":"\\x02\\x01\\x03"}}`},
		{"update request", gtp(0x30, gtpUpdateRequest, nil, bytesOf(ieIMSI, 0x21, 0xf3, zeros(6),
			ieRAI, 0x21, 0x43, 0x65, uint16(7), 8, ieTEIDData1, uint32(9), ieNSAPI, 5, gsn, gsn, qos,
			tlv(ieEndUserAddr, 0xf0, 1, 9), ieCause, 1)),
			`gtpv1_update_pdp_ctx_request "elements":{"imsi":123000000000000,"rai":{"mcc":123,"mnc":56,"lac":7,"rac":8},"data1":9,` +
				`"nsapi":5,"cp_addr":{"ip":"192.169.100.1"},"user_addr":{"ip":"192.169.100.1"},"qos_prof":{"priority":2,"data":"\\x1bB"},` +
				`"end_user_addr":{"pdp_type_org":0,"pdp_type_num":1,"pdp_other_addr":"\t"}} net:gtp_invalid_info_element 1`},
		{"update response", gtp(0x30, gtpUpdateResponse, nil, bytesOf(ieCause, 128, ieChargingID, uint32(9), gsn, gsn,
			tlv(ieChargingGatewayAddr, 1), ext)),
			`gtpv1_update_pdp_ctx_response "elements":{"cause":128,"charging_id":9,"cp_addr":{"ip":"192.169.100.1"},` +
				`"user_addr":{"ip":"192.169.100.1"},"ext":{"id":10923,"value":"\\x02\\x01\\x03"}}`},
		{"delete request", gtp(0x30, gtpDeleteRequest, nil, bytesOf(ieTeardownInd, 255, ieNSAPI, 0x35, tlv(200))),
			`gtpv1_delete_pdp_ctx_request "elements":{"teardown_ind":true,"nsapi":5} net:gtp_invalid_info_element 200`},
		{"delete response", gtp(0x30, gtpDeleteResponse, nil, bytesOf(ieCause, 192, ext)),
			`gtpv1_delete_pdp_ctx_response "elements":{"cause":192,"ext":{"id":10923,"value":"\\x02\\x01\\x03"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h event.Hooks
			var got string
			_, err := event.NewStream(&h, func() value.Time { return 0 }, func(line []byte) {
				var e struct {
					Event string
					Args  map[string]json.RawMessage
				}
				if err := json.Unmarshal(line, &e); err != nil {
					t.Fatal(err)
				}
				got = fmt.Sprintf(`%s "elements":%s`, e.Event, bytes.TrimSpace(e.Args["elements"]))
			}, "gtpv1_*_pdp_ctx_*")
			if err != nil {
				t.Fatal(err)
			}
			var r Result
			New(&h, DefaultOptions()).Decode(GTPv1, gtpCarrier(), c.b, &r)
			if got = strings.TrimSpace(got + " " + show(&r, c.b)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func gtpCarrier() *Carrier {
	c := carrier(GTPv1)
	c.Conn = fakeConn{}
	return c
}

// fakeConn has the methods of a connection that the event stream calls.
type fakeConn struct{ event.Conn }

func (fakeConn) ID() event.ConnID { return event.ConnID{} }
func (fakeConn) UID() value.UID   { return value.MakeUID('C', 1, 2) }

// TestElementLengths checks that elements are as long as the lengths within
// them say, and that no length leads out of the packet.
func TestElementLengths(t *testing.T) {
	quintuplet := bytesOf(zeros(16), 2, zeros(2), zeros(32), 1, zeros(1))
	for _, c := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"triplets", bytesOf(ieMMContext, uint16(0), 0, 0x40|2<<3, zeros(8), zeros(2*28), zeros(2), 1, 0, uint16(2), 0, 0), true},
		{"quintuplets", bytesOf(ieMMContext, uint16(0), 0, 0x80|2<<3, zeros(32), uint16(0), quintuplet, quintuplet, zeros(2), 0, uint16(0)), true},
		{"container cut", bytesOf(ieMMContext, uint16(0), 0, 0x40, zeros(8), zeros(2), 0, uint16(65535), 1), false},
		{"quintuplet", bytesOf(ieAuthQuintuplet, uint16(9), quintuplet), true},
		{"PDP context", bytesOf(iePDPContext, uint16(0), 0, 0, 1, 9, 2, 9, 9, 1, 9, zeros(17), 1, 9, 0, 2, 9, 9, 0, zeros(2)), true},
		{"RAB setup, nothing", tlv(ieRABSetupInfo), false},
		{"RAB setup, short", tlv(ieRABSetupInfo, 5), true},
		{"RAB setup, no address", tlv(ieRABSetupInfo, zeros(4)), false},
		{"RAB setup", tlv(ieRABSetupInfo, zeros(9)), true},
		{"end user, short", tlv(ieEndUserAddr, 1), false},
		{"QoS, empty", tlv(ieQoSProfile), false},
		{"long", bytesOf(ieMSISDN, uint16(2), 1), false},
		{"no length", bytesOf(ieMSISDN, 0), false},
		{"fixed, cut", bytesOf(ieIMSI, zeros(7)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := validateElements(c.b)
			if !e.bad() != c.ok {
				t.Errorf("%+v", e)
			}
			if !c.ok {
				return
			}
			// One more byte is one more element, of an unknown type.
			if e := validateElements(bytesOf(c.b, 0)); e.where != "Get_IE_Len" {
				t.Errorf("with a byte more: %+v", e)
			}
		})
	}
	for _, whole := range [][]byte{createReq, createResp} {
		for n := range whole {
			validateElements(whole[min(12, n):n:n])
		}
	}
}

func FuzzElements(f *testing.F) {
	f.Add(createReq[12:])
	f.Add(createResp[12:])
	f.Add(bytesOf(ieMMContext, uint16(0), 0, 0x80, zeros(48)))
	f.Add(bytesOf(iePDPContext, uint16(0), zeros(48)))
	f.Fuzz(func(t *testing.T, b []byte) {
		bad := validateElements(b)
		n := 0
		for _, v := range elements(b) {
			n += 1 + len(v)
		}
		if n > len(b) || !bad.bad() && len(b) > 0 && n == 0 {
			t.Errorf("%d bytes of elements in %d", n, len(b))
		}
	})
}
