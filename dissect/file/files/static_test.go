package files

import "testing"

// TestStaticID compares the ids of some of Zeek's handles with Zeek's ids.
func TestStaticID(t *testing.T) {
	r := newRig(func(o *Options) { o.Seed = [2]uint64{1, 2} })
	c := newConn(1)
	for handle, want := range map[string]string{
		"Analyzer::ANALYZER_KRB1421708060.902363T192.168.1.31:64789 > 192.168.1.32:880": "FL511m4RBY8kPxoE59",
		"Analyzer::ANALYZER_KRB1421708060.902363F192.168.1.31:64789 > 192.168.1.32:881": "F93jtI1tJOo9bgv51k",
	} {
		id := r.m.StaticID(c, []byte(handle))
		if uid := id.UID(); uid.String() != want || id.IsZero() {
			t.Errorf("%s: %s, want %s", handle, uid.String(), want)
		}
		if n := testing.AllocsPerRun(10, func() { r.m.StaticID(c, []byte("handle")) }); n != 0 {
			t.Errorf("%g allocations", n)
		}
	}
	if r.m.StaticID(c, []byte("x")) == r.m.StaticID(c, []byte("y")) {
		t.Error("two handles have one ID")
	}
}

// TestZeroSeed checks that a zero seed is replaced by a random one, so that two
// managers name a file differently.
func TestZeroSeed(t *testing.T) {
	c := newConn(1)
	id := func() ID { return newRig(nil).id(c, "handle") }
	if a, b := id(), id(); a == b {
		t.Error("two managers without a seed give a file the same ID")
	}
}
