package packet

import "testing"

func TestLayersAreComplete(t *testing.T) {
	for i := range decoders {
		l := &decoders[i]
		if l.name == "" {
			t.Errorf("layer %d has no name", i)
		}
		if want := layer(i) != layerRoot && layer(i) < layerIP; want != (l.decode != nil) {
			t.Errorf("%s: decoder is set: %v, want %v", l.name, l.decode != nil, want)
		}
		if l.root && rootLayer(l.link) != layer(i) {
			t.Errorf("link type %d begins with %v, want %s", l.link, rootLayer(l.link), l.name)
		}
	}
}
