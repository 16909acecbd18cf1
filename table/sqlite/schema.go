package sqlite

import "strings"

// migrations are the steps that lead to the SQL tables of one table. Text
// compares bytewise in SQLite unless told otherwise, as the seam demands.
//
// Items have a row id of their own rather than their key as the primary key,
// because SQLite stores rows of up to a page there, and else spills those of
// more than about 1,000 bytes to pages of their own.
func migrations(name string) []string {
	return []string{named(name, `
CREATE TABLE {items} (
	id         INTEGER PRIMARY KEY,
	partition  TEXT NOT NULL,
	sort       TEXT NOT NULL,
	version    INTEGER NOT NULL,
	expires    INTEGER,           -- seconds since 1970, null = never
	places     TEXT NOT NULL,     -- JSON: index -> [partition, sort]
	attributes TEXT NOT NULL,     -- JSON
	UNIQUE (partition, sort)
);
CREATE INDEX {expiry} ON {items} (expires) WHERE expires IS NOT NULL;
CREATE TABLE {places} (
	name           TEXT NOT NULL, -- of the index
	partition      TEXT NOT NULL,
	sort           TEXT NOT NULL,
	item_partition TEXT NOT NULL,
	item_sort      TEXT NOT NULL,
	expires        INTEGER,       -- the item's
	attributes     TEXT NOT NULL, -- those projected
	PRIMARY KEY (name, partition, sort, item_partition, item_sort)
) WITHOUT ROWID;
`), named(name, `
CREATE TABLE {indexes} (      -- those that all items are placed in
	name       TEXT PRIMARY KEY,
	projection TEXT NOT NULL  -- JSON
) WITHOUT ROWID;
`)}
}

func named(name, text string) string {
	return strings.NewReplacer(
		"{items}", `"`+name+`_items"`,
		"{expiry}", `"`+name+`_expiry"`,
		"{places}", `"`+name+`_places"`,
		"{indexes}", `"`+name+`_indexes"`,
	).Replace(text)
}

// texts are the SQL statements of one table. Queries are built on theirs, by
// query.go.
type texts struct {
	get, query, queryIndex       string
	read, insert, update, remove string
	readExpired                  string
	insertPlace, removePlace     string
	count                        string
	readIndexes, removeIndexes   string
	insertIndex                  string
	readSome, updatePlaces       string
}

func textsFor(name string) texts {
	return texts{
		get: named(name, `SELECT version, expires, places, attributes FROM {items}
			WHERE partition = ? AND sort = ? AND (expires IS NULL OR expires > ?)`),
		query: named(name, `SELECT sort, version, expires, attributes FROM {items}
			WHERE partition = ? AND (expires IS NULL OR expires > ?)`),
		queryIndex: named(name, `SELECT sort, item_partition, item_sort, attributes FROM {places}
			WHERE name = ? AND partition = ? AND (expires IS NULL OR expires > ?)`),

		read: named(name, `SELECT id, version, expires, places, attributes FROM {items}
			WHERE partition = ? AND sort = ?`),
		insert: named(name, `INSERT INTO {items} (version, expires, places, attributes, partition, sort)
			VALUES (?, ?, ?, ?, ?, ?)`),
		update: named(name, `UPDATE {items} SET version = ?, expires = ?, places = ?, attributes = ?
			WHERE id = ?`),
		remove: named(name, `DELETE FROM {items} WHERE id = ?`),
		readExpired: named(name, `SELECT id, partition, sort, places FROM {items}
			WHERE expires <= ? ORDER BY expires LIMIT ?`),

		insertPlace: named(name, `INSERT OR REPLACE INTO {places}
			(name, partition, sort, item_partition, item_sort, expires, attributes)
			VALUES (?, ?, ?, ?, ?, ?, ?)`),
		removePlace: named(name, `DELETE FROM {places}
			WHERE name = ? AND partition = ? AND sort = ? AND item_partition = ? AND item_sort = ?`),

		count: named(name, `SELECT (SELECT count(*) FROM {items}) -
			(SELECT count(*) FROM {items} WHERE expires <= ?)`),

		readIndexes:   named(name, `SELECT name, projection FROM {indexes}`),
		removeIndexes: named(name, `DELETE FROM {indexes}`),
		insertIndex:   named(name, `INSERT INTO {indexes} (name, projection) VALUES (?, ?)`),
		readSome: named(name, `SELECT id, partition, sort, version, expires, places, attributes FROM {items}
			WHERE id > ? ORDER BY id LIMIT ?`),
		updatePlaces: named(name, `UPDATE {items} SET places = ? WHERE id = ?`),
	}
}
