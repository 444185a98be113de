package cases

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/pipeline"
)

// keytab is that of Zeek's test scripts/base/protocols/krb/smb2_krb.test, whose ticket is for
// another name of the service.
const keytab = "0502000000600002000b44532e535553512e434f4d0004686f737400187068786c616262616c3832312e64732e737573712e63" +
	"6f6d0000000158bf3d160200120020e8746b39615e6b6c3b42c78ac585ddd9874a87088e5be713634da5c85014d31f00000002"

// TestKeytab decrypts the ticket of an SMB session with the key of its service.
func TestKeytab(t *testing.T) {
	capture := filepath.Join("..", "..", "..", "shared", "reference", "traces", "krb", "smb2_krb.pcap")
	if _, err := os.Stat(capture); err != nil {
		t.Skip("the reference is not here:", err)
	}
	b, err := hex.DecodeString(keytab)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keytab")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipeline.Defaults().Dissect.KRB.Keytab, file} {
		var clients []string
		read(t, func(o *pipeline.Options) {
			o.Shards, o.Dissect.KRB.Keytab = 1, name
			o.Dissect.Packet.IgnoreChecksums = true
			o.Extend = func(x *pipeline.Extension) error {
				x.Hooks.KRB.APRequest.Listen(func(e *event.KRBAPRequest) {
					clients = append(clients, string(e.Ticket.AuthenticationInfo.V))
				})
				return nil
			}
		}, capture)
		want := "wallior@DS.SUSQ.COM"
		if name == "" {
			want = ""
		}
		if len(clients) != 1 || clients[0] != want {
			t.Errorf("keytab %q: clients %q, want %q", name, clients, want)
		}
	}
}
