BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('r0001');
CREATE TABLE attempt (
	subscription_id TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	"trigger" TEXT NOT NULL, 
	started_ms BIGINT NOT NULL, 
	took_ms BIGINT NOT NULL, 
	address TEXT NOT NULL, 
	status INTEGER, 
	headers TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	error TEXT NOT NULL, 
	PRIMARY KEY (subscription_id, seq, number)
);
INSERT INTO "attempt" VALUES('sub_a',1,1,'schedule',1717243200000,7,'192.0.2.1',204,'[]','so it is','','');
CREATE TABLE delivery (
	subscription_id TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	event_id TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	state TEXT NOT NULL, 
	"trigger" TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	due_ms BIGINT NOT NULL, 
	lease_by TEXT NOT NULL, 
	lease_until_ms BIGINT, 
	last_status INTEGER, 
	last_error TEXT NOT NULL, 
	completed_ms BIGINT, 
	is_head BOOLEAN DEFAULT 1 NOT NULL, 
	PRIMARY KEY (subscription_id, seq)
);
INSERT INTO "delivery" VALUES('sub_a',1,'evt_1','full','delivered','schedule',1,0,1717243200000,'',NULL,204,'',1717243200000,1);
INSERT INTO "delivery" VALUES('sub_a',2,'evt_2','full','pending','schedule',0,0,1717243200000,'',NULL,NULL,'',NULL,1);
INSERT INTO "delivery" VALUES('sub_b',1,'evt_1','full','leased','schedule',0,0,1717243200000,'worker',1717243220000,NULL,'',NULL,1);
INSERT INTO "delivery" VALUES('sub_b',2,'evt_2','full','pending','schedule',0,0,1717243200000,'',NULL,NULL,'',NULL,0);
CREATE TABLE event (
	id TEXT NOT NULL, 
	type TEXT NOT NULL, 
	post_id TEXT NOT NULL, 
	commit_id TEXT NOT NULL, 
	detected_ms BIGINT NOT NULL, 
	media_type TEXT NOT NULL, 
	full_body BLOB NOT NULL, 
	thin_body BLOB NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "event" VALUES('evt_1','post.updated','tag:1','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0',1717243200000,'application/json',X'7B2274797065223A22706F73742E75706461746564222C2274696D657374616D70223A2274222C2264617461223A7B22637572736F72223A226331227D7D',X'7B2264617461223A7B22637572736F72223A224D53417849444167227D7D');
INSERT INTO "event" VALUES('evt_2','post.updated','tag:2','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0',1717243200000,'application/json',X'7B2274797065223A22706F73742E75706461746564222C2274696D657374616D70223A2274222C2264617461223A7B22637572736F72223A226332227D7D',X'7B2264617461223A7B22637572736F72223A224D53417849444167227D7D');
CREATE TABLE ledger (
	post_id TEXT NOT NULL, 
	generation BIGINT NOT NULL, 
	recorded_ms BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	path TEXT NOT NULL, 
	blob TEXT NOT NULL, 
	url TEXT NOT NULL, 
	live BOOLEAN NOT NULL, 
	categories TEXT NOT NULL, 
	carousel BOOLEAN NOT NULL, 
	language TEXT NOT NULL, 
	published_ms BIGINT NOT NULL, 
	updated_ms BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	commit_id TEXT NOT NULL, 
	PRIMARY KEY (post_id)
);
INSERT INTO "ledger" VALUES('tag:www.example.gov,2024-01-29:bf868924b53f2a7a',1,1717243200000,'news','news/2024-01-31-a-post.md','bf868924b53f2a7af33a353a4f2e6a0b09d05602','https://www.example.gov/news/2024-01-31-a-post',1,'[["technology", "Technology"]]',0,'en',1706677200000,1706677200000,'new','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
INSERT INTO "ledger" VALUES('tag:www.example.gov,2024-01-29:cba4654729e78791',1,1717243200000,'news','news/2024-01-30-a-post.md','cba4654729e7879144f2628956d1acf0b7ff25d3','https://www.example.gov/news/2024-01-30-a-post',1,'[["technology", "Technology"]]',0,'en',1706590800000,1706590800000,'new','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
INSERT INTO "ledger" VALUES('tag:www.example.gov,2024-01-29:43e816f0da61157e',1,1717243200000,'news','news/2024-01-29-a-post.md','43e816f0da61157eac17ef5743c8e46a02a8196d','https://www.example.gov/news/2024-01-29-a-post',1,'[["technology", "Technology"]]',0,'en',1706504400000,1706504400000,'new','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
INSERT INTO "ledger" VALUES('tag:www.example.gov,2024-01-29:94bcc4721217850e',1,1717243200000,'news','news/2024-03-01-featured.md','94bcc4721217850ec9a3ed54121af5a256953d46','https://www.example.gov/news/2024-03-01-featured',1,'[["technology", "Technology"], ["tts", "Technology Transformation Services"]]',1,'en',1709269200000,1709269200000,'new','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
INSERT INTO "ledger" VALUES('tag:www.example.gov,2024-01-29:4ed726584a30d985',1,1717243200000,'updates','updates/2024-02-10-una-entrada.md','4ed726584a30d985e405a19ec762fa397dc00626','https://www.example.gov/updates/2024-02-10-una-entrada',1,'[["tts", "Technology Transformation Services"]]',0,'es',1707541200000,1707541200000,'new','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
INSERT INTO "ledger" VALUES('tag:www.example.gov,2024-01-29:984523ec7bbdec95',1,1717243200000,'news','news/2024-01-02-gone.md','984523ec7bbdec9553904023ef5d30ca8f69bce9','https://www.example.gov/news/2024-01-02-gone',0,'[["tts", "Technology Transformation Services"]]',0,'en',1706504400000,1706504400000,'expired','c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0');
CREATE TABLE publisher (
	id INTEGER NOT NULL, 
	ledger_id TEXT NOT NULL, 
	generation BIGINT NOT NULL, 
	lease_by TEXT NOT NULL, 
	lease_until_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "publisher" VALUES(1,'0f1e2d3c',1,'publisher',0);
CREATE TABLE subscription (
	id TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	subscriber_group TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	url TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	selection TEXT NOT NULL, 
	types TEXT NOT NULL, 
	minor BOOLEAN NOT NULL, 
	payload TEXT NOT NULL, 
	backfill BOOLEAN NOT NULL, 
	secrets TEXT NOT NULL, 
	state TEXT NOT NULL, 
	state_reason TEXT NOT NULL, 
	failing_since_ms BIGINT, 
	fail_streak INTEGER NOT NULL, 
	not_before_ms BIGINT, 
	lease_until_ms BIGINT, 
	last_seq BIGINT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	last_sent_tag TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (identity)
);
INSERT INTO "subscription" VALUES('sub_a','22d6c084c61089c79c413bdefebd88ae','2e684891e9293b03368cfc43b8430a19','webhook','partner','https://a.example/hook','','{"categories": [], "carousel": null, "sources": null, "languages": null}','["post.published", "post.updated", "post.removed"]',1,'full',0,'[["whsec_a2tra2tra2tra2tra2tra2tra2tra2tr", null]]','active','',NULL,0,NULL,NULL,2,1717243200000,'');
INSERT INTO "subscription" VALUES('sub_b','03da0af27556971b2355b5437e774798','2e684891e9293b03368cfc43b8430a19','webhook','partner','https://b.example/hook','','{"categories": [], "carousel": null, "sources": null, "languages": null}','["post.published", "post.updated", "post.removed"]',1,'full',0,'[["whsec_a2tra2tra2tra2tra2tra2tra2tra2tr", null]]','active','',NULL,0,NULL,NULL,2,1717243200000,'');
INSERT INTO "subscription" VALUES('sub_feed','ecea3ada745b9a040d114aae29bdb1ea','2e684891e9293b03368cfc43b8430a19','websub','','https://reader.example/websub','https://feeds.example.gov/feeds/all.atom','{"categories": [], "carousel": null, "sources": null, "languages": null}','["post.published", "post.updated", "post.removed"]',1,'full',0,'[]','active','',NULL,0,NULL,NULL,0,1717243200000,'');
CREATE TABLE token (
	id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	role TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	expires_ms BIGINT, 
	revoked_ms BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "token" VALUES('tok_0f1e2d3c4b5a6978','not the digest of any token','partner','Example agency',1717243200000,NULL,NULL);
CREATE TABLE websub_request (
	id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	callback TEXT NOT NULL, 
	secrets TEXT NOT NULL, 
	lease_seconds INTEGER NOT NULL, 
	last_sent_tag TEXT NOT NULL, 
	host TEXT NOT NULL, 
	client TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	state_since_ms BIGINT NOT NULL, 
	lease_by TEXT NOT NULL, 
	lease_until_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "websub_request" VALUES('int_1','subscribe','https://feeds.example.gov/feeds/all.atom','https://reader.example/websub/2','[["whsec_YSBzZWNyZXQgb2YgdGhlIHN1YnNjcmliZXI=", null]]',864000,'','reader.example','192.0.2.1','waiting','',1717243200000,'',0);
CREATE INDEX ledger_generation ON ledger (generation, post_id);
CREATE INDEX subscription_group ON subscription (subscriber_group);
CREATE INDEX websub_request_state ON websub_request (state, state_since_ms);
CREATE INDEX websub_request_callback ON websub_request (callback, topic);
CREATE INDEX websub_request_client ON websub_request (client, state);
CREATE INDEX websub_request_host ON websub_request (host, state);
CREATE INDEX event_detected ON event (detected_ms);
CREATE INDEX delivery_leased ON delivery (subscription_id) WHERE state = 'leased';
CREATE INDEX delivery_unfinished ON delivery (subscription_id, seq) WHERE state IN ('pending', 'leased');
CREATE INDEX delivery_head ON delivery (due_ms, subscription_id) WHERE state = 'pending' AND is_head;
CREATE INDEX delivery_event ON delivery (event_id);
CREATE INDEX delivery_completed ON delivery (completed_ms);
CREATE INDEX attempt_started ON attempt (started_ms);
COMMIT;
