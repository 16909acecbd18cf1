package sqlite

// migrations are the steps that lead to the table of all queues.
var migrations = []string{`
CREATE TABLE notices (
	seq        INTEGER PRIMARY KEY,
	queue      TEXT NOT NULL,
	id         TEXT NOT NULL,
	body       TEXT NOT NULL,
	attributes TEXT NOT NULL,              -- JSON
	sent       INTEGER NOT NULL,           -- milliseconds since 1970
	visible    INTEGER NOT NULL,           -- from then on; milliseconds
	receives   INTEGER NOT NULL DEFAULT 0,
	receipt    TEXT NOT NULL DEFAULT ''    -- of the latest receive
);
CREATE INDEX notices_visible ON notices (queue, visible, seq);
CREATE INDEX notices_sent ON notices (queue, sent);
`}

const (
	insertNotice = `INSERT INTO notices (queue, id, body, attributes, sent, visible)
		VALUES (?, ?, ?, ?, ?, ?)`
	nextVisible   = `SELECT visible FROM notices WHERE queue = ? ORDER BY visible LIMIT 1`
	selectVisible = `SELECT seq, id, body, attributes, sent, receives FROM notices
		WHERE queue = ? AND visible <= ? ORDER BY visible, seq LIMIT ?`
	takeNotice = `UPDATE notices SET visible = ?, receives = ?, receipt = ? WHERE seq = ?`
	// A dead letter starts anew on its queue.
	redriveNotice = `UPDATE notices
		SET queue = ?, sent = ?, visible = ?, receives = 0, receipt = '' WHERE seq = ?`
	extendNotice = `UPDATE notices SET visible = ?
		WHERE seq = ? AND receipt = ? AND queue = ? AND visible > ?`
	deleteNotice = `DELETE FROM notices WHERE seq = ? AND receipt = ? AND queue = ?`
	purgeQueue   = `DELETE FROM notices WHERE queue = ?`
	countQueue   = `SELECT count(*) FILTER (WHERE visible <= ?2), count(*) FILTER (WHERE visible > ?2)
		FROM notices WHERE queue = ?1`
	oldestOfQueue = `SELECT sent FROM notices WHERE queue = ? ORDER BY sent LIMIT 1`
)
