package logs

import "github.com/wirelog/wirelog/dissect/event"

// This file adds the streams of HTTP/2 to http.log, after the package bro-http2: a row each, when
// it ends. An exchange has the identifier of its stream as key.

// http2Headers are the headers of a request that http.log has, with the names that Zeek gives
// those of HTTP/1.
var http2Headers = map[string][]byte{
	"referer": []byte("REFERER"), "origin": []byte("ORIGIN"), "user-agent": []byte("USER-AGENT"),
	"forwarded": []byte("FORWARDED"), "x-forwarded-for": []byte("X-FORWARDED-FOR"),
	"x-forwarded-from": []byte("X-FORWARDED-FROM"), "client-ip": []byte("CLIENT-IP"), "via": []byte("VIA"),
	"authorization": []byte("AUTHORIZATION"), "proxy-authorization": []byte("PROXY-AUTHORIZATION"),
}

func (b *httpLog) listenHTTP2(h *event.Hooks) {
	h.HTTP2.Request.Listen(b.http2Request)
	h.HTTP2.Reply.Listen(b.http2Reply)
	h.HTTP2.Header.Listen(b.http2Header)
	h.HTTP2.BeginEntity.Listen(func(e *event.HTTP2BeginEntity) { b.onStream(e.Conn, e.Stream) })
	h.HTTP2.StreamEnd.Listen(b.http2StreamEnd)
}

// onStream makes the exchange of a stream current.
func (b *httpLog) onStream(c event.Conn, stream uint64) (*httpState, *httpExchange) {
	s := b.state(c)
	s.request = uint32(stream)
	x := b.at(c, s, true)
	x.stream = true
	return s, x
}

// setString is set for a string.
func (b *httpLog) setString(x *httpExchange, which int, v string) {
	b.valueBuf = append(b.valueBuf[:0], v[:min(len(v), maxHTTPField)]...)
	x.set(which, b.valueBuf)
}

func (b *httpLog) http2Request(e *event.HTTP2Request) {
	s, x := b.onStream(e.Conn, e.Stream)
	if e.Method != "" {
		b.setString(x, httpMethod, e.Method)
	}
	if e.Authority != "" {
		b.setString(x, httpHost, e.Authority)
	} else if e.Host != "" {
		b.setString(x, httpHost, e.Host)
	}
	if len(e.UnescapedURI) > 0 {
		x.set(httpURI, e.UnescapedURI)
	}
	b.account(e.Conn, s, x)
}

func (b *httpLog) http2Reply(e *event.HTTP2Reply) {
	_, x := b.onStream(e.Conn, e.Stream)
	if informational(e.Code) {
		x.infoCode = e.Code
	}
	x.code, x.hasCode, x.version = e.Code, true, e.Version
	x.has &^= 1 << httpStatusMsg // that of an upgrade
}

func (b *httpLog) http2Header(e *event.HTTP2Header) {
	s, x := b.onStream(e.Conn, e.Stream)
	if e.Name == "content-disposition" {
		b.valueBuf = append(b.valueBuf[:0], e.Value...)
		if lastParameter(b.valueBuf, "filename", true) >= 0 {
			b.setFilename(x, b.valueBuf)
		}
	} else if name := http2Headers[e.Name]; name != nil && e.IsOrig {
		b.valueBuf = append(b.valueBuf[:0], e.Value...)
		b.header = event.HTTPHeader{Conn: e.Conn, IsOrig: true, Name: name, Value: b.valueBuf}
		b.requestHeader(x, &b.header)
	}
	b.account(e.Conn, s, x)
}

func (b *httpLog) http2StreamEnd(e *event.HTTP2StreamEnd) {
	s, x := b.onStream(e.Conn, e.Stream)
	x.reqBody, x.respBody = e.Stats.RequestBodyLength, e.Stats.ResponseBodyLength
	b.write(e.Conn, x)
	b.take(e.Conn, s, x)
}
