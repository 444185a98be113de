package readers

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// Stdin is the path of standard input.
const Stdin = "-"

// An input is the contents of a file, which can be read any number of times. Standard
// input is kept in a temporary file.
type input struct {
	path  string
	spool *os.File
}

// keep saves the bytes of r in a temporary file.
func (in *input) keep(r io.Reader) (err error) {
	if in.spool, err = os.CreateTemp("", "wirelog-"); err != nil {
		return err
	}
	// The removed file lives as long as it is open.
	err = os.Remove(in.spool.Name())
	if err == nil {
		_, err = io.Copy(in.spool, r)
	}
	return err
}

// A source is an open input.
type source struct {
	// r reads the contents, decompressed if compressed is true.
	r          *bufio.Reader
	compressed bool
	// at and size give access to the file as stored.
	at    io.ReaderAt
	size  int64
	close []func() error
}

func (in *input) open() (*source, error) {
	s := new(source)
	file := in.spool
	if file == nil {
		var err error
		if file, err = os.Open(in.path); err != nil {
			return nil, err
		}
		s.close = append(s.close, file.Close)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.at, s.size = file, info.Size()
	s.r = bufio.NewReaderSize(file, 256<<10)
	if in.spool != nil {
		s.r.Reset(io.NewSectionReader(file, 0, s.size))
	}
	magic, _ := s.r.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(s.r)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.decompress(z, func() error {
			_ = z.Close() // repeats the error of reading, if any
			return nil
		})
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(s.r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.decompress(z, func() error {
			z.Close()
			return nil
		})
	}
	// PowerShell writes what it redirects in UTF-16.
	if mark, _ := s.r.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		s.r = bufio.NewReaderSize(&utf16Reader{r: s.r, big: mark[0] == 0xfe}, 256<<10)
	}
	return s, nil
}

// A utf16Reader turns UTF-16 into UTF-8.
type utf16Reader struct {
	r   *bufio.Reader
	big bool
	buf []byte
	out []byte // what is left of buf
	err error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.buf = u.buf[:0]
		for len(u.buf) < 32<<10 && u.err == nil {
			r := u.unit()
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, u.unit())
			}
			if u.err == nil {
				u.buf = utf8.AppendRune(u.buf, r)
			}
		}
		u.out = u.buf
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) unit() rune {
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		u.err = err
		return 0
	}
	if u.big {
		return rune(b[0])<<8 | rune(b[1])
	}
	return rune(b[1])<<8 | rune(b[0])
}

func (s *source) decompress(z io.Reader, end func() error) {
	s.r, s.compressed = bufio.NewReaderSize(z, 256<<10), true
	s.close = append([]func() error{end}, s.close...)
}

// Close closes the file.
func (s *source) Close() error {
	var errs []error
	for _, end := range s.close {
		errs = append(errs, end())
	}
	s.close = nil
	return errors.Join(errs...)
}
