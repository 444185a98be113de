package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/http"
	"github.com/wirelog/wirelog/dissect/proto/login"
	"github.com/wirelog/wirelog/dissect/proto/smtp"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/pipeline"
)

// The examples of this file are of functions that stand for those of Zeek's scripts; those
// that need no connection are in package event.

// run reads the packets of a capture that match a BPF expression, with listeners that extend
// adds and, if they are named, with the given analyzers.
func run(capture, filter string, extend func(h *event.Hooks), analyzers ...string) {
	o := pipeline.Defaults()
	o.Paths, o.Filter, o.Shards = []string{capture}, filter, 1
	o.Logs, o.OutputPath, o.Format = []string{"conn"}, os.DevNull, pipeline.FormatJSON
	o.Dissect.Analyzers = analyzers
	o.Extend = func(x *pipeline.Extension) error {
		extend(x.Hooks)
		return nil
	}
	if _, err := pipeline.Run(context.Background(), o); err != nil {
		log.Fatal(err)
	}
}

func Example_setBytesThreshold() {
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.NewConnection.Listen(func(e *event.NewConnection) { e.Conn.SetBytesThreshold(500, false) })
		h.ConnSize.ConnBytesThresholdCrossed.Listen(func(e *event.ConnBytesThresholdCrossed) {
			fmt.Println("the server sent more than", e.Threshold, "bytes")
		})
	})
	// Output: the server sent more than 500 bytes
}

func Example_setPacketsThreshold() {
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.NewConnection.Listen(func(e *event.NewConnection) { e.Conn.SetPacketsThreshold(3, true) })
		h.ConnSize.ConnPacketsThresholdCrossed.Listen(func(e *event.ConnPacketsThresholdCrossed) {
			fmt.Println("the client sent more than", e.Threshold, "packets")
		})
	})
	// Output: the client sent more than 3 packets
}

func Example_bytesThreshold() {
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.NewConnection.Listen(func(e *event.NewConnection) {
			e.Conn.SetBytesThreshold(500, false)
			fmt.Println(e.Conn.BytesThreshold(true), e.Conn.BytesThreshold(false))
		})
	})
	// Output: 0 500
}

func Example_packetsThreshold() {
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.NewConnection.Listen(func(e *event.NewConnection) {
			e.Conn.SetPacketsThreshold(3, true)
			fmt.Println(e.Conn.PacketsThreshold(true), e.Conn.PacketsThreshold(false))
		})
	})
	// Output: 3 0
}

// The bytes that the other side has acknowledged count the SYN and the FIN.
func Example_origSeq() {
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
			fmt.Println(e.Conn.OrigSeq(), e.Conn.Orig().Size)
		})
	})
	// Output: 257 255
}

func Example_respSeq() {
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
			fmt.Println(e.Conn.RespSeq(), e.Conn.Resp().Size)
		})
	})
	// Output: 828 826
}

func Example_setContentsFile() {
	var sent bytes.Buffer
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.NewConnection.Listen(func(e *event.NewConnection) { e.Conn.SetContentsFile(event.DirectionOrig, &sent) })
	})
	line, _, _ := bytes.Cut(sent.Bytes(), []byte("\r\n"))
	fmt.Printf("%s\n", line)
	// Output: GET /plain.json HTTP/1.1
}

func Example_contentsFile() {
	var received bytes.Buffer
	run("../testdata/http.pcap", "port 58056", func(h *event.Hooks) {
		h.Conn.NewConnection.Listen(func(e *event.NewConnection) { e.Conn.SetContentsFile(event.DirectionResp, &received) })
		h.TCP.ConnectionEstablished.Listen(func(e *event.ConnectionEstablished) {
			fmt.Println(e.Conn.ContentsFile(event.DirectionResp) == &received, e.Conn.ContentsFile(event.DirectionOrig) == nil)
		})
	})
	// Output: true true
}

// A listener that has seen enough of a body skips the rest of it. What the same piece of a
// compressed body has left is still delivered.
func Example_skipEntityData() {
	run("../testdata/http.pcap", "port 58070", func(h *event.Hooks) {
		h.HTTP.EntityData.Listen(func(e *event.HTTPEntityData) {
			fmt.Println(len(e.Data), "bytes")
			http.SkipEntityData(e.Conn, e.IsOrig)
		})
		h.HTTP.MessageDone.Listen(func(e *event.HTTPMessageDone) {
			fmt.Println("a body of", e.Stat.BodyLength, "bytes")
		})
	})
	// Output:
	// a body of 0 bytes
	// 1500 bytes
	// 744 bytes
	// a body of 8893 bytes
}

// A listener that needs no more than the first line of a mail skips the others.
func Example_skipData() {
	run("../testdata/smtp.pcap", "port 49312", func(h *event.Hooks) {
		h.SMTP.Data.Listen(func(e *event.SMTPData) {
			fmt.Printf("%s\n", e.Data)
			smtp.SkipData(e.Conn)
		})
		h.SMTP.Request.Listen(func(e *event.SMTPRequest) { fmt.Printf("%s\n", e.Command) })
	})
	// Output:
	// EHLO
	// MAIL
	// RCPT
	// DATA
	// Date: Sat, 21 Nov 2026 12:00:00 +0000
	// .
	// QUIT
}

// A listener that knows the session takes all that follows the server's hello for encrypted.
// No ssl_established event is raised then.
func Example_setEstablished() {
	run("../testdata/tls-curl.pcap", "port 44410", func(h *event.Hooks) {
		h.SSL.ServerHello.Listen(func(e *event.SSLServerHello) {
			fmt.Println("server hello:", tls.SetEstablished(e.Conn))
		})
		h.SSL.Established.Listen(func(*event.SSLEstablished) { fmt.Println("established") })
	})
	// Output: server hello: true
}

func Example_loginState() {
	run("../testdata/rlogin.pcap", "port 513", func(h *event.Hooks) {
		h.Login.InputLine.Listen(func(e *event.LoginInputLine) {
			s, ok := login.StateOf(e.Conn)
			fmt.Printf("%s: %t, %t\n", e.Line, ok, s == login.StateLoggedIn)
		})
	}, "rlogin")
	// Output:
	// date: true, true
	// exit: true, true
	// wrong: true, false
	// bob: true, false
	// secret: true, false
	// exit: true, true
}

// A listener that has seen enough of a session skips the rest of it.
func Example_setLoginState() {
	run("../testdata/rlogin.pcap", "port 513", func(h *event.Hooks) {
		h.Login.InputLine.Listen(func(e *event.LoginInputLine) {
			fmt.Printf("%s\n", e.Line)
			login.SetState(e.Conn, login.StateSkip)
		})
	}, "rlogin")
	// Output:
	// date
	// wrong
}
