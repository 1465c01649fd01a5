# B3: tags forged with MLflow's client change no gate and silence no alarm.
. "$(dirname "$0")/lib.sh"
pytest_item "forged tags" tests/peers/test_forged.py
