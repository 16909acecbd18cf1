package localstack

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// journal keeps a world in a file of JSON lines. Each line is one write(2), so
// that a kill leaves whole lines and at most one torn one, at the end, whose
// answer never left. Nothing is synced: it outlives the process, not the machine.
type journal struct {
	path  string
	file  *os.File
	size  int64 // of the whole lines
	lines int
}

// openJournal replays the journal of a folder, or begins one with the seed.
func openJournal(dir string, begin iter.Seq[entry], replay func(entry)) (*journal, error) {
	j := &journal{path: filepath.Join(dir, "journal.jsonl")}
	if _, err := os.Stat(j.path); errors.Is(err, fs.ErrNotExist) {
		// Renamed into place whole: half a seed would pass for a small world.
		if err := j.replace(begin); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j.file = file
	if err := j.read(replay); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// read replays every whole line and cuts off a torn one, so that the next line
// does not grow out of it.
func (j *journal) read(replay func(entry)) error {
	in := bufio.NewReaderSize(j.file, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("reading the journal: line %d: %w", j.lines+1, err)
		}
		replay(e)
		j.lines++
		j.size += int64(len(line))
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("cutting a torn line off the journal: %w", err)
	}
	return nil
}

// long reports whether the journal has many more lines than it has records.
func (j *journal) long(records int) bool { return j.lines > 10_000 && j.lines > 2*records }

func (j *journal) append(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding a line of the journal: %w", err)
	}
	line = append(line, '\n')
	if _, err := j.file.Write(line); err != nil {
		// A part of the line may be there; it must not spoil the next one.
		return errors.Join(fmt.Errorf("writing the journal: %w", err), j.file.Truncate(j.size))
	}
	j.size += int64(len(line))
	j.lines++
	return nil
}

// rewrite puts a journal of the entries in the place of this one.
func (j *journal) rewrite(entries iter.Seq[entry]) error {
	if err := j.replace(entries); err != nil {
		return err
	}
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	old := j.file
	j.file, j.lines, j.size = file, 0, 0
	return errors.Join(old.Close(), j.read(func(entry) {}))
}

func (j *journal) replace(entries iter.Seq[entry]) error {
	return replaceFile(j.path, func(f *os.File) error {
		out := bufio.NewWriter(f)
		encoder := json.NewEncoder(out)
		for e := range entries {
			if err := encoder.Encode(e); err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

func (j *journal) close() error { return j.file.Close() }

// replaceFile writes a file beside path and renames it into place: the path
// always holds the old content or the new, never a part. Only its owner may
// read the file.
func replaceFile(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	err = errors.Join(write(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
