"""One file per step; each makes one fact and knows no other step."""
