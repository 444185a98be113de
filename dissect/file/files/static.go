package files

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/minio/highwayhash"

	"github.com/wirelog/wirelog/dissect/event"
)

// isStatic is set in the upper half of an ID made by StaticID.
const isStatic = 1 << 63

// staticKey is Zeek's key of file ids, made of the default of its option digest_salt.
var staticKey = sha256.Sum256([]byte("Please change this value."))

// StaticID is like ID, for handles that are the same as in Zeek byte for byte. The UID is
// then the same as Zeek's, whatever the seed (Zeek's Manager::HashHandle).
func (m *Manager) StaticID(c event.Conn, handle []byte) ID {
	id := m.ID(c, handle)
	sum := highwayhash.Sum128(handle, staticKey[:])
	id.hi = isStatic | binary.LittleEndian.Uint64(sum[:])>>32
	id.lo = binary.LittleEndian.Uint64(sum[8:])
	return id
}
