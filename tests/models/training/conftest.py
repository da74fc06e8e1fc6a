import sys
from pathlib import Path

# processes that simulate import `small_problem` by its name
sys.path.insert(0, str(Path(__file__).parent))
