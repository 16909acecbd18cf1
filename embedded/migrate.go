package embedded

import (
	"context"
	"fmt"
)

const migrationsTable = `
CREATE TABLE IF NOT EXISTS migrations (
	component TEXT PRIMARY KEY,
	version   INTEGER NOT NULL
) WITHOUT ROWID`

// Migrate brings the tables of one component up to date. Each step is a script
// of SQL; steps[n] leads to version n+1. A step that was ever released is never
// changed: a later one mends it. Several processes may call it at once.
//
// The error wraps ErrNewer when the file knows more steps than this program.
func (f *File) Migrate(ctx context.Context, component string, steps []string) error {
	err := f.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(migrationsTable); err != nil {
			return err
		}
		version, err := tx.version(component)
		if err != nil {
			return err
		}
		if version > len(steps) {
			return fmt.Errorf("%w: its version is %d, this program knows %d", ErrNewer, version, len(steps))
		}
		for ; version < len(steps); version++ {
			if err := tx.migrate(component, version, steps[version]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrating %s in data folder %s: %w", component, f.dir, err)
	}
	return nil
}

func (tx *Tx) version(component string) (version int, err error) {
	const query = `SELECT version FROM migrations WHERE component = ?`
	err = tx.Query(query, []any{component}, func(scan Scan) error { return scan(&version) })
	return version, err
}

func (tx *Tx) migrate(component string, version int, step string) error {
	if _, err := tx.Exec(step); err != nil {
		return fmt.Errorf("step %d: %w", version+1, err)
	}
	_, err := tx.Exec(`INSERT OR REPLACE INTO migrations (component, version) VALUES (?, ?)`, component, version+1)
	return err
}
