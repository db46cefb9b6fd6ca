"""The bot decides: one module per thing it can be asked, with one public function each."""
