package dcerpc

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// weirds returns the weirds of a client's PDUs.
func weirds(t *testing.T, o Options, pdus ...string) (names []string) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { names = append(names, e.Name) })
	b.Hooks.DCERPC.Request.Listen(func(*event.DCERPCRequest) {})
	p, _ := New(b.Hooks, Security{}, o)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Play(&p.Protocol, 1<<20, []string{">" + strings.Join(pdus, "")})
	return names
}

func TestFragmentOptions(t *testing.T) {
	const many, large = "too_many_dce_rpc_msgs_in_reassembly", "too_much_dce_rpc_fragment_data"
	for _, most := range []int{DefaultOptions().Calls, 3} {
		var calls []string
		for i := range most + 1 {
			calls = append(calls, pdu(ptypeRequest, flagFirst, uint32(i), strings.Repeat("x", 8), ""))
		}
		o := DefaultOptions()
		o.Calls = most
		if got := weirds(t, o, calls[:most]...); got != nil {
			t.Errorf("%d of %d calls: %q", most, most, got)
		}
		if got := weirds(t, o, calls...); !slices.Equal(got, []string{many}) {
			t.Errorf("%d of %d calls: %q", most+1, most, got)
		}
	}
	for _, most := range []int{DefaultOptions().Fragment, 50} {
		o := DefaultOptions()
		o.Fragment = most
		if got := weirds(t, o, pdu(ptypeRequest, flagFirst, 1, strings.Repeat("x", most), "")); got != nil {
			t.Errorf("%d of %d bytes: %q", most, most, got)
		}
		if got := weirds(t, o, pdu(ptypeRequest, flagFirst, 1, strings.Repeat("x", most+1), "")); !slices.Equal(got, []string{large}) {
			t.Errorf("%d of %d bytes: %q", most+1, most, got)
		}
	}
}
