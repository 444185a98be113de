package krb

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rc4"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFold has the examples of RFC 3961 appendix A.1.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		in, want string
	}{
		{"012345", "be072631276b1955"},
		{"password", "78a07b6caf85fa"},
		{"Rough Consensus, and Running Code", "bb6ed30870b7f0e0"},
		{"password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"},
		{"MASSACHVSETTS INSTITVTE OF TECHNOLOGY", "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b"},
		{"Q", "518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15"},
		{"kerberos", "6b657262 65726f73 7b9b5b2b 93132b93"},
	} {
		want := unhex(t, c.want)
		if got := fold([]byte(c.in), len(want)); !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %q: %x, want %x", len(want), c.in, got, want)
		}
	}
}

// steal encrypts as stealing decrypts.
func steal(c cipher.Block, plain []byte) []byte {
	const size = aes.BlockSize
	padded := append(bytes.Clone(plain), make([]byte, -len(plain)&(size-1))...)
	cipher.NewCBCEncrypter(c, make([]byte, size)).CryptBlocks(padded, padded)
	if len(padded) == size {
		return padded
	}
	n := len(padded) - size
	out := append(bytes.Clone(padded[:n-size]), padded[n:]...)
	return append(out, padded[n-size:n]...)[:len(plain)]
}

// TestStealing has the examples of RFC 3962 appendix B, and lengths around those of blocks.
func TestStealing(t *testing.T) {
	c, err := aes.NewCipher([]byte("chicken teriyaki"))
	if err != nil {
		t.Fatal(err)
	}
	const text = "I would like the General Gau's Chicken, please, and wonton soup."
	for _, want := range []string{
		"c6353568f2bf8cb4d8a580362da7ff7f97",
		"fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5",
		"39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584",
		"97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5",
	} {
		in := unhex(t, want)
		if got := stealing(c, nil, in); string(got) != text[:len(in)] {
			t.Errorf("%d bytes: %q", len(in), got)
		}
	}
	for n := aes.BlockSize; n < 70; n++ {
		plain := bytes.Repeat([]byte(text), 2)[:n]
		if got := stealing(c, nil, steal(c, plain)); !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %q, want %q", n, got, plain)
		}
	}
}

// TestDerivedKeys has the keys of RFC 8009 appendix A, whose usage is that of tickets.
func TestDerivedKeys(t *testing.T) {
	for _, c := range []struct {
		etype           uint64
		base, seal, mac string
	}{
		{aes128SHA256, "3705D96080C17728A0E800EAB6E0D23C", "9B197DD1E8C5609D6E67C3E37C62C72E", "9FDA0E56AB2D85E1569A688696C26A6C"},
		{aes256SHA384, "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52",
			"56AB22BEE63D82D7BC5227F6773F8EA7A5EB1C825160C38312980C442E5C7E49", "69B16514E3CD8E56B82010D5C73012B622C4D00FFC23ED1F"},
	} {
		k, err := newKey(c.etype, unhex(t, c.base))
		if err != nil {
			t.Fatal(err)
		}
		want, err := aes.NewCipher(unhex(t, c.seal))
		if err != nil {
			t.Fatal(err)
		}
		var got, expect [aes.BlockSize]byte
		k.block.Encrypt(got[:], got[:])
		want.Encrypt(expect[:], expect[:])
		if got != expect || !bytes.Equal(k.mac, unhex(t, c.mac)) {
			t.Errorf("type %d: keys differ", c.etype)
		}
	}
}

// seal encrypts a ticket.
func (k *key) seal(part []byte) []byte {
	if k.etype == rc4HMAC {
		plain := append([]byte("confound"), part...)
		tag := k.sum(k.mac, plain)
		c, _ := rc4.NewCipher(k.sum(k.mac, tag))
		c.XORKeyStream(plain, plain)
		return append(tag, plain...)
	}
	plain := append([]byte("sixteen to begin"), part...)
	text := steal(k.block, plain)
	sum := k.sum(k.mac, plain)
	if k.etype == aes128SHA256 || k.etype == aes256SHA384 {
		sum = k.sum(k.mac, make([]byte, aes.BlockSize), text)
	}
	return append(text, sum[:k.tag]...)
}

// entry returns an entry of a keytab, with its length.
func entry(etype uint16, secret string) string {
	counted := func(s string) string { return string(binary.BigEndian.AppendUint16(nil, uint16(len(s)))) + s }
	e := "\x00\x02" + counted("R.TEST") + counted("host") + counted("h.test") + "\x00\x00\x00\x03\x12\x34\x56\x78\x02" +
		string(binary.BigEndian.AppendUint16(nil, etype)) + counted(secret) + "\x00\x00\x00\x02"
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(e)))) + e
}

const (
	short = "0123456789abcdef"
	long  = short + "ghijklmnopqrstuv"
)

var entries = map[uint64]string{aes128SHA1: short, aes256SHA1: long, aes128SHA256: short, aes256SHA384: long, rc4HMAC: short}

// encTicketPart is the decrypted part of a ticket of a client.
func encTicketPart(realm string, parts ...string) string {
	return el(0x63, seq(in(0, flags), in(1, seq(in(0, num(18)), in(1, octets(long)))), in(2, str(realm)), in(3, name(parts...)),
		in(4, seq(in(0, num(1)), in(1, octets("")))), in(5, stamp("19700101000010Z"))))
}

func TestKeytab(t *testing.T) {
	hole := "\xff\xff\xff\xfehi"
	for _, c := range []struct {
		what, file string
		keys, left int
		err        string
	}{
		{"two keys", "\x05\x02" + entry(18, long) + entry(23, short), 2, 0, ""},
		{"a hole, and a key of another type", "\x05\x02" + hole + entry(1, "12345678") + entry(17, short), 1, 1, ""},
		{"something after the end", "\x05\x02" + entry(18, long) + "\x00\x00\x00\x00" + "rest", 1, 0, ""},
		{"only other types", "\x05\x02" + entry(16, "x"), 0, 0, "no key of a type"},
		{"no keys", "\x05\x02", 0, 0, "no key of a type"},
		{"empty", "", 0, 0, "not a keytab"},
		{"other file", "-----BEGIN", 0, 0, "not a keytab"},
		{"other version", "\x05\x01" + entry(18, long), 0, 0, "version 1"},
		{"cut", "\x05\x02" + entry(18, long)[:40], 0, 0, "cut short"},
		{"wrong length of a key", "\x05\x02" + entry(18, short), 0, 0, "has 16 bytes, not 32"},
		{"an entry too short", "\x05\x02\x00\x00\x00\x09\x00\x02\x00\x06R.TES", 0, 0, "malformed"},
		{"an entry of a byte", "\x05\x02\x00\x00\x00\x01x", 0, 0, "malformed"},
		{"a large hole", "\x05\x02\x80\x00\x00\x00", 0, 0, "cut short"},
	} {
		tab, err := parseKeytab([]byte(c.file))
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.what, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.what, err)
		case len(tab.keys) != c.keys || tab.Skipped != c.left:
			t.Errorf("%s: %d keys and %d others, want %d and %d", c.what, len(tab.keys), tab.Skipped, c.keys, c.left)
		}
	}
}

func TestReadKeytab(t *testing.T) {
	file := filepath.Join(t.TempDir(), "k")
	if _, err := ReadKeytab(file); err == nil {
		t.Error("no error for a file that is not there")
	}
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKeytab(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v does not name the file", err)
	}
}

// TestTickets sends AP-REQs with encrypted tickets over UDP and TCP and looks for the client
// in the event, with and without a keytab.
func TestTickets(t *testing.T) {
	tab := "\x05\x02" + entry(18, strings.ToUpper(long))
	for etype, secret := range entries {
		tab += entry(uint16(etype), secret)
	}
	keys, err := parseKeytab([]byte(tab))
	if err != nil {
		t.Fatal(err)
	}
	for etype, secret := range entries {
		k, err := newKey(etype, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		other, err := newKey(etype, bytes.Repeat([]byte("x"), len(secret)))
		if err != nil {
			t.Fatal(err)
		}
		user := k.seal([]byte(encTicketPart("R.TEST", "user")))
		damaged := bytes.Clone(user)
		damaged[len(damaged)/2] ^= 1
		for _, c := range []struct {
			what   string
			ticket []byte
			want   string // the client, "" for none
		}{
			{"user", user, "user@R.TEST"},
			{"host", k.seal([]byte(encTicketPart("R", "host", "h.test"))), "host/h.test@R"},
			{"odd name", k.seal([]byte(encTicketPart("R", "a/b@c", "\n"))), `a\\/b\\@c/\\n@R`},
			{"other key", other.seal([]byte(encTicketPart("R.TEST", "user"))), ""},
			{"damaged", damaged, ""},
			{"no ticket", k.seal([]byte("this is no ticket at all")), ""},
			{"short", []byte("short"), ""},
		} {
			ap := message(msgAPReq, 0, in(2, el(0x03, "\x00\x60\x00\x00\x00")),
				in(3, el(0x61, seq(in(0, num(5)), in(1, str("R.TEST")), in(2, name("cifs", "alias.test")),
					in(3, seq(in(0, num(byte(etype))), in(2, octets(string(c.ticket)))))))), in(4, encrypted("auth")))
			for _, o := range []Options{DefaultOptions(), {Keys: keys}} {
				want := ""
				if o.Keys != nil && c.want != "" {
					want = `"authenticationinfo":"` + c.want + `"`
				}
				for _, transport := range []string{"UDP", "TCP"} {
					var lines []string
					b := newBenchWith(t, &lines, o)
					if transport == "UDP" {
						b.Datagram(true, []byte(ap))
					} else {
						play(b, 1<<20, framed(ap), "")
					}
					all := strings.Join(lines, "\n")
					if n := strings.Count(all, "krb_ap_request"); n != 1 {
						t.Fatalf("%d events: %s", n, all)
					}
					want := want
					if want == "" && transport == "TCP" {
						want = `"authenticationinfo":""`
					}
					if want == "" {
						if strings.Contains(all, "authenticationinfo") {
							t.Errorf("type %d, %s over %s: a client in %s", etype, c.what, transport, all)
						}
					} else if !strings.Contains(all, want) {
						t.Errorf("type %d, %s over %s: no %s in %s", etype, c.what, transport, want, all)
					}
				}
			}
		}
	}
}

func FuzzKeytab(f *testing.F) {
	f.Add([]byte("\x05\x02" + entry(18, long) + entry(23, short)))
	f.Add([]byte("\x05\x02\xff\xff\xff\xfe"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parseKeytab(b) })
}

func FuzzTicket(f *testing.F) {
	f.Add([]byte(encTicketPart("R.TEST", "user", "x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for etype, secret := range entries {
			k, err := newKey(etype, []byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			k.open(nil, b)
			tab := &Keytab{keys: []key{*k}}
			part, _ := tab.open(nil, etype, k.seal(b))
			if part == nil {
				t.Errorf("the key of type %d does not fit", etype)
			}
			if name, ok := clientOf(nil, part, func(int) {}); ok && !bytes.Contains(name, []byte("@")) {
				t.Errorf("a client without a realm: %q", name)
			}
		}
	})
}
