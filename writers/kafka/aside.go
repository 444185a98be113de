package kafka

import (
	"encoding/json"
	"io/fs"
	"os"
	"sync"
)

// aside is the file for records that could not be sent, one JSON object per line.
type aside struct {
	path string
	perm fs.FileMode
	mu   sync.Mutex
	file *os.File
	// failing means that the last write failed.
	failing bool
}

// write appends a message and the reason for setting it aside. If it fails, first tells
// whether the write before succeeded.
func (a *aside) write(topic string, m *message, why string) (first bool, err error) {
	line, err := json.Marshal(struct {
		Topic  string          `json:"topic"`
		Key    string          `json:"key,omitempty"`
		ID     string          `json:"record_id,omitempty"`
		Why    string          `json:"why"`
		Record json.RawMessage `json:"record"`
	}{topic, string(m.key), string(m.header("record-id")), why, m.value})
	if err != nil {
		return true, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() {
		first = err != nil && !a.failing
		a.failing = err != nil
	}()
	if a.file == nil {
		if a.file, err = os.OpenFile(a.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, a.perm); err != nil {
			return false, err
		}
	}
	_, err = a.file.Write(append(line, '\n'))
	return false, err
}

func (a *aside) close() error {
	if a.file == nil {
		return nil
	}
	if err := a.file.Sync(); err != nil {
		return err
	}
	return a.file.Close()
}
