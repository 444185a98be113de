package json_test

import (
	stdjson "encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/cim"
	"github.com/wirelog/wirelog/schemas/ecs"
	"github.com/wirelog/wirelog/schemas/mapping"
	"github.com/wirelog/wirelog/schemas/ocsf"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
)

func TestECS(t *testing.T) {
	id := schemas.ID{
		OrigH: netip.MustParseAddr("10.0.0.1"), OrigP: 1025,
		RespH: netip.MustParseAddr("fe80::2"), RespP: 53,
	}
	conn := testlog.Conn()
	conn.OrigL2Addr = value.Some("00:00:5e:00:53:af")
	conn.VLAN = value.Some(int64(7))
	const start = `{"ecs.version":"8.17.0","event.kind":"event","event.module":"zeek",`
	for _, tt := range []struct {
		rec  schemas.Record
		want string
	}{
		{conn, start + `"event.dataset":"zeek.connection","event.category":["network"],"observer.name":"tap1",` +
			`"@timestamp":"2011-11-03T14:15:57.771755Z","event.id":"CblCHNnmxeyuTZty7","zeek.session_id":"CblCHNnmxeyuTZty7",` +
			`"source.address":"10.0.2.15","source.ip":"10.0.2.15","source.port":49287,` +
			`"destination.address":"192.150.187.43","destination.ip":"192.150.187.43","destination.port":80,` +
			`"network.transport":"tcp","network.protocol":"http","event.duration":15161267042,` +
			`"zeek.connection.orig_bytes":900,"zeek.connection.resp_bytes":376,"zeek.connection.state":"S2",` +
			`"zeek.connection.local_orig":true,"zeek.connection.local_resp":false,"zeek.connection.missed_bytes":0,"zeek.connection.history":"ShADadF",` +
			`"source.packets":8,"source.bytes":1240,"destination.packets":8,"destination.bytes":700,"network.iana_number":"6",` +
			`"source.mac":"00-00-5E-00-53-AF","network.vlan.id":"7","network.packets":16,"network.bytes":1940,"network.direction":"outbound",` +
			`"event.type":["connection","info"],"related.ip":["10.0.2.15","192.150.187.43"]}`},
		{&schemas.DNS{
			TS: 1e9, UID: "C1", ID: id, Proto: "udp", Query: value.Some("a.test"), QClass: value.Some(uint64(1)),
			RCode: value.Some(uint64(3)), RD: true, RA: true, Answers: value.Vector[string]{"b.test", "10.9.8.7"}, TTLs: value.Vector[value.Interval]{1, 60},
		}, start + `"event.dataset":"zeek.dns","event.category":["network"],"event.type":["connection","info","protocol"],"network.protocol":"dns","observer.name":"tap1",` +
			`"@timestamp":"1970-01-01T00:00:01.000000Z","event.id":"C1","zeek.session_id":"C1",` +
			`"source.address":"10.0.0.1","source.ip":"10.0.0.1","source.port":1025,` +
			`"destination.address":"fe80::2","destination.ip":"fe80::2","destination.port":53,"network.transport":"udp",` +
			`"dns.question.name":"a.test","dns.question.class":"IN","zeek.dns.qclass":1,"event.outcome":"failure","zeek.dns.rcode":3,"dns.type":"query",` +
			`"zeek.dns.AA":false,"zeek.dns.TC":false,"zeek.dns.RD":true,"zeek.dns.RA":true,` +
			`"zeek.dns.Z":0,"dns.answers.data":["b.test","10.9.8.7"],"dns.answers.ttl":[1,60],"zeek.dns.rejected":false,` +
			`"dns.header_flags":["RD","RA"],"dns.resolved_ip":["10.9.8.7"],"related.ip":["10.0.0.1","fe80::2"]}`},
		{&schemas.X509{
			Fingerprint: "ab", Certificate: schemas.X509Certificate{Version: 3},
			SAN: schemas.X509AlternativeNames{DNS: value.Vector[string]{"a", "b"}, Email: value.Vector[string]{}, IP: value.Vector[netip.Addr]{id.OrigH}},
		}, `"file.x509.alternative_names":["a","b","10.0.0.1"]`},
		{&schemas.X509{Certificate: schemas.X509Certificate{Issuer: `CN=a "b",OU=c,OU=d`, SigAlg: "rsassaPss"}},
			`"file.x509.issuer.common_name":["a \"b\""],"file.x509.issuer.organizational_unit":["c","d"],"file.x509.issuer.distinguished_name":"CN=a \"b\",OU=c,OU=d",`},
		{&schemas.X509{Certificate: schemas.X509Certificate{SigAlg: "rsassaPss"}}, `"file.x509.signature_algorithm":"rsassaPss"`},
		{&schemas.X509{Certificate: schemas.X509Certificate{SigAlg: "sha256WithRSAEncryption"}}, `"file.x509.signature_algorithm":"SHA256-RSA"`},
		{&schemas.HTTP{URI: value.Some(`/a"b?c`), StatusCode: value.Some(uint64(404))}, `"url.path":"/a\"b","url.query":"c",`},
		{&schemas.HTTP{StatusCode: value.Some(uint64(404))}, `"http.response.status_code":404,"event.outcome":"failure",`},
		{&schemas.HTTP{StatusCode: value.Some(uint64(304))}, `"event.outcome":"success",`},
		{&schemas.MySQL{Cmd: "connect"}, `"event.category":["database","network","session"],"event.type":["connection","protocol","access","start"],`},
		{&schemas.Modbus{}, `"event.outcome":"success"`},
		{&schemas.Modbus{Exception: value.Some("ILLEGAL_FUNCTION")}, `"event.outcome":"failure","zeek.modbus.exception":"ILLEGAL_FUNCTION"`},
		{&schemas.SMBCmd{Status: value.Some("SUCCESS")}, `"event.outcome":"success","zeek.smb_cmd.status":"SUCCESS"`},
		{&schemas.SMBCmd{Status: value.Some("ACCESS_DENIED")}, `"event.type":["connection","protocol","error"]`},
		{&schemas.SMBFiles{Path: value.Some(`\\a\"b"`), Name: value.Some("c")}, `"file.path":"\\\\a\\\"b\"\\c"`},
		{&schemas.Kerberos{Client: value.Some("host/a.test/REALM")}, `"user.name":"host/a.test","user.domain":"REALM","zeek.kerberos.client":"host/a.test/REALM",`},
	} {
		e := json.Format{Naming: &ecs.Naming, System: "tap1"}.New(tt.rec.Schema(), ^schemas.Groups(0))
		got := string(e.Append(nil, tt.rec))
		if !stdjson.Valid([]byte(got)) {
			t.Errorf("%s is not JSON", got)
		}
		if !strings.HasPrefix(tt.want, "{") {
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s\nhas no %s", got, tt.want)
			}
			continue
		}
		if got != tt.want+"\n" {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
		if again := string(e.Append(nil, tt.rec)); again != got {
			t.Errorf("the second time\n%s\nthe first\n%s", again, got)
		}
	}
}

func TestOCSF(t *testing.T) {
	conn := testlog.Conn()
	for _, tt := range []struct {
		format json.Format
		rec    schemas.Record
		want   []string
	}{
		{json.Format{System: "tap1"}, conn, []string{
			`{"metadata":{"version":"1.8.0","product":{"name":"wirelog","vendor_name":"wirelog"},"log_name":"conn","loggers":[{"name":"tap1"}],"correlation_uid":"CblCHNnmxeyuTZty7"},`,
			`"category_uid":4,"category_name":"Network Activity","class_uid":4001,`, `"time":1320329757771,`,
			`"src_endpoint":{"ip":"10.0.2.15","port":49287},"dst_endpoint":{"ip":"192.150.187.43","port":80},`,
			`"connection_info":{"uid":"CblCHNnmxeyuTZty7","protocol_name":"tcp","flag_history":"ShADadF","protocol_num":6,"direction_id":2,"direction":"Outbound"}`,
			`"duration":15161,`, `"activity_id":6,"type_uid":400106,`, `"traffic":{"bytes_missed":0,"packets_out":8,"bytes_out":1240,"packets_in":8,"bytes_in":700,"packets":16,"bytes":1940}`,
			`"unmapped":{"orig_bytes":900,"resp_bytes":376,"conn_state":"S2","local_orig":true,"local_resp":false`,
		}},
		{json.Format{Streaming: true}, &schemas.DNS{
			RCodeName: value.Some("NOERROR"), Answers: value.Vector[string]{`a,"b`, "10.9.8.7", "c"}, TTLs: value.Vector[value.Interval]{1, 60},
		}, []string{
			`"logged_time":2500`, `"activity_id":6,"type_uid":400306`, `"query":{"hostname":"unknown"}`,
			`"answers":[{"rdata":"a,\"b","ttl":1},{"rdata":"10.9.8.7","ttl":60},{"rdata":"c"}]`,
		}},
		{json.Format{}, &schemas.DNS{Query: value.Some("a.test")}, []string{`"activity_id":1,"type_uid":400301`, `"query":{"hostname":"a.test"}`}},
		{json.Format{}, &schemas.Files{MD5: value.Some("aa"), SHA256: value.Some("bb")}, []string{
			`"file":{"type_id":1,"uid":"","name":"unknown","hashes":[{"algorithm":"MD5","algorithm_id":1,"value":"aa"},{"algorithm":"SHA-256","algorithm_id":3,"value":"bb"}]`,
		}},
		{json.Format{}, &schemas.HTTP{Method: value.Some("BREW"), URI: value.Some("/a?b")}, []string{
			`"http_request":{"url":{"url_string":"/a?b","path":"/a","query_string":"b"}`, `"activity_id":99`, `"method":"BREW"`, `"http_response":{"body_length":0,"code":0}`,
		}},
	} {
		f := tt.format
		f.Naming = &ocsf.Naming
		e := f.New(tt.rec.Schema(), 0)
		now := value.Time(2_500_999_999)
		e.SetClock(&now)
		got := string(e.Append(nil, tt.rec))
		if !stdjson.Valid([]byte(got)) {
			t.Errorf("%s is not JSON", got)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s\nhas no %s", got, want)
			}
		}
		if again := string(e.Append(nil, tt.rec)); again != got {
			t.Errorf("the second time\n%s\nthe first\n%s", again, got)
		}
		at, key := e.RecordID()
		if with := got[:at] + key + `"x",` + got[at:]; !strings.HasPrefix(with, `{"metadata":{"uid":"x","version"`) || !stdjson.Valid([]byte(with)) {
			t.Error(with)
		}
	}
}

func TestCIM(t *testing.T) {
	e := json.Format{Naming: &cim.Naming, System: "tap1"}.New(&schemas.ConnSchema, 0)
	const want = `{"log":"conn","vendor_product":"wirelog","dvc":"tap1","ts":"2011-11-03T14:15:57.771755Z","session_id":"CblCHNnmxeyuTZty7","uid":"CblCHNnmxeyuTZty7",` +
		`"src":"10.0.2.15","src_ip":"10.0.2.15","src_port":49287,"dest":"192.150.187.43","dest_ip":"192.150.187.43","dest_port":80,"transport":"tcp","app":"http",`
	got := string(e.Append(nil, testlog.Conn()))
	for _, want := range []string{want, `"action":"allowed","conn_state":"S2"`, `"bytes_out":1240`, `"bytes":1940,"direction":"outbound"}`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nhas no %s", got, want)
		}
	}
	if at, key := e.RecordID(); at != 1 || key != `"record_id":` {
		t.Error(at, key)
	}
}

// Columns that an output has renamed keep their names.
func TestECSWithFields(t *testing.T) {
	m := writers.Fields{Rename: []string{"id.orig_h=client"}, Add: []string{"site=Berlin"}, Keep: []string{"ts", "id.orig_h"}}
	v, err := writers.NewView(&schemas.ConnSchema, 0, m, "")
	if err != nil {
		t.Fatal(err)
	}
	rec := testlog.Record{
		{Pass: func(s schemas.Sink) { s.Time(0) }},
		{Pass: func(s schemas.Sink) { s.String("a") }},
		{Pass: func(s schemas.Sink) { s.String("Berlin") }},
	}
	got := string(json.Format{Naming: &ecs.Naming}.New(v.Schema, v.Groups).Append(nil, rec))
	if want := `"@timestamp":"1970-01-01T00:00:00.000000Z","client":"a","site":"Berlin"}` + "\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s at the end", got, want)
	}
}

func TestNamingAllocations(t *testing.T) {
	conn := testlog.Conn()
	http := &schemas.HTTP{URI: value.Some("/a?b"), StatusCode: value.Some(uint64(404))}
	dns := &schemas.DNS{Answers: value.Vector[string]{"10.0.0.1", "::1"}, TTLs: value.Vector[value.Interval]{1, 60}}
	for _, naming := range []*mapping.Naming{&ecs.Naming, &ocsf.Naming, &cim.Naming} {
		for _, rec := range []schemas.Record{conn, http, dns} {
			e := json.Format{Naming: naming, Streaming: true}.New(rec.Schema(), 0)
			buf := e.Append(nil, rec)
			if n := testing.AllocsPerRun(100, func() { buf = e.Append(buf[:0], rec) }); n > 0 {
				t.Errorf("%s: %v allocations a record of %s", naming.Name, n, rec.Schema().Name)
			}
		}
	}
}

func BenchmarkECS(b *testing.B) {
	conn := testlog.Conn()
	e := json.Format{Naming: &ecs.Naming}.New(conn.Schema(), 0)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Append(buf[:0], conn)
	}
	b.SetBytes(int64(len(buf)))
}
