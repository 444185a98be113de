package conn

import (
	"testing"
	"unsafe"
)

// TestConnSize checks that an idle connection, which has only a Conn and its slots in
// the table, takes at most 400 bytes.
func TestConnSize(t *testing.T) {
	const perSlot = 8 * 8 / 3 // slots are at least 3/8 full after growing
	if got := unsafe.Sizeof(Conn{}) + perSlot; got > 400 {
		t.Errorf("an idle connection takes %d bytes (side %d)", got, unsafe.Sizeof(side{}))
	}
}
