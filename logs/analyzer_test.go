package logs

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestAnalyzer(t *testing.T) {
	b := newBench(t, "analyzer")
	newConn := func() *fakeConn {
		return &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1025 10.0.0.2:80"), uid: uid(1), services: []string{"http"}}
	}
	c := newConn()
	raise := func(tag value.Enum, c event.Conn, f event.File, data value.Opt[[]byte]) {
		e := event.AnalyzerViolationInfo{AType: tag, Conn: c, File: f}
		e.Info.Reason = []byte("why")
		e.Info.Data = data
		b.hooks.Analyzer.ViolationInfo.Raise(&e)
	}
	var none value.Opt[[]byte]
	const id = " id.orig_h=10.0.0.1 id.orig_p=1025 id.resp_h=10.0.0.2 id.resp_p=80"

	raise("Analyzer::ANALYZER_HTTP", c, nil, none)
	b.out.expect(t, "analyzer ts=1 analyzer_kind=protocol analyzer_name=HTTP uid=C1"+id+" proto=tcp failure_reason=why")
	raise("Analyzer::ANALYZER_HTTP", c, nil, none) // again, after another confirmation
	b.out.expect(t)
	c = newConn()
	raise("Analyzer::ANALYZER_HTTP", c, nil, value.Some([]byte(strings.Repeat("x", 39)+"yz")))
	b.out.expect(t, "analyzer ts=1 analyzer_kind=protocol analyzer_name=HTTP uid=C1"+id+" proto=tcp failure_reason=why"+
		" failure_data="+strings.Repeat("x", 39)+"y")

	// A protocol that was not confirmed, or that had a violation late.
	raise("Analyzer::ANALYZER_SSL", c, nil, none)
	raise("Analyzer::ANALYZER_HTTP", nil, nil, none)
	for _, size := range []uint64{240, 241} {
		c = newConn()
		c.orig.Size, c.resp.Size = 10000, size
		raise("Analyzer::ANALYZER_HTTP", c, nil, none)
		if n := len(b.out.take()); n != int(241-size) {
			t.Errorf("%d rows at %d bytes", n, 10000+size)
		}
	}

	raise("PacketAnalyzer::ANALYZER_GTPV1", c, nil, value.Some([]byte{}))
	b.out.expect(t, "analyzer ts=1 analyzer_kind=packet analyzer_name=GTPV1 uid=C1"+id+" proto=tcp failure_reason=why failure_data=")
	raise("PacketAnalyzer::ANALYZER_IP", nil, nil, none)
	b.out.expect(t, "analyzer ts=1 analyzer_kind=packet analyzer_name=IP failure_reason=why")
	raise("Files::ANALYZER_PE", c, fakeFile{fuid: value.MakeUID('F', 0, 9)}, none)
	b.out.expect(t, "analyzer ts=1 analyzer_kind=file analyzer_name=PE uid=C1 fuid=F9"+id+" failure_reason=why")
}
