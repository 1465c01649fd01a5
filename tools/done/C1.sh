# C1: the property tests and the peers pass: tree models bit-identical, statistics within 1e-12 (p-values 1e-9 relative) of the named tool;
# older libraries too, so SLUICE_PEERS=all. A noun of the issue without a test of its own is a line that is not ok.
. "$(dirname "$0")/lib.sh"
export SLUICE_PEERS=all SLUICE_ALL=1
"$DONE_CLONE/tools/deps.sh" peers >"$DONE_WORK/peers.txt" 2>&1 || missed "the libraries: $(tail -n 1 "$DONE_WORK/peers.txt")"
pytest_item "tree models drawn at random" tests/peers/test_property.py
pytest_item "tree models" tests/peers/test_score.py
pytest_item "scikit-learn" tests/peers/test_sklearn.py
pytest_item "SageMaker's artifacts" tests/peers/test_sagemaker.py
pytest_item "ONNX" tests/peers/test_onnx.py
pytest_item "images" tests/peers/test_images.py tests/peers/test_images_score.py
pytest_item "drift beside Evidently and scipy" tests/peers/test_drift.py
pytest_item "drift beside NannyML" tests/peers/test_nannyml.py
pytest_item "drift beside Deequ" tests/peers/test_deequ.py
pytest_item "Model Monitor's files" tests/peers/test_monitor.py
pytest_item "quality beside scikit-learn" tests/peers/test_quality.py tests/peers/test_cluster.py
pytest_item "pitfalls, one by one" tests/peers/test_pitfalls.py tests/peers/test_pitfalls_stats.py
pytest_item "profiles" tests/peers/test_profile.py
